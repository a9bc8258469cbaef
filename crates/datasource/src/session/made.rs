//! Tables of our own, made on the first start.

use super::plain::Session;
use crate::door::StoreError;

/// A table of ours.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// The columns that we use.
    pub(crate) columns: &'a str,
    /// What makes it.
    pub(crate) made_by: &'a str,
    /// What to do when another program's table is in its place.
    pub(crate) hint: &'static str,
}

/// Makes the table unless it is there.
///
/// It is looked for first, so that a user without the right to make tables can use one that an
/// administrator made, and so that nodes which start at the same moment do not trip over each
/// other.
pub(crate) fn make_missing(
    session: &mut dyn Session,
    wanted: &Wanted<'_>,
) -> Result<(), StoreError> {
    let probe = format!("SELECT {} FROM {} WHERE 1 = 0", wanted.columns, wanted.name);
    let Err(missing) = session.read(&probe, &[]) else { return Ok(()) };
    if !may_be_missing(&missing) {
        return Err(missing);
    }
    let Err(refused) = session.batch(wanted.made_by) else { return Ok(()) };
    if session.read(&probe, &[]).is_ok() {
        return Ok(());
    }
    let any = format!("SELECT 1 FROM {} WHERE 1 = 0", wanted.name);
    if session.read(&any, &[]).is_err() {
        return Err(refused);
    }
    let what = format!("the table {} of {}", wanted.name, session.name());
    let why = format!("it is there with other columns than `{}`", wanted.columns);
    Err(StoreError::refused(what, why, wanted.hint))
}

fn may_be_missing(error: &StoreError) -> bool {
    match error {
        StoreError::Statement { .. } | StoreError::Conflict { .. } => true,
        StoreError::RetryLater { .. }
        | StoreError::Full { .. }
        | StoreError::Refused { .. }
        | StoreError::Damaged { .. }
        | StoreError::Fenced { .. }
        | StoreError::NoRevision { .. }
        | StoreError::Unreadable { .. } => false,
    }
}
