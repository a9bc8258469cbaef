//! All of it or nothing.

use super::plain::Session;
use crate::door::StoreError;

/// Runs `work` in a transaction and commits only when it succeeds.
pub(crate) fn transact<T>(
    session: &mut dyn Session,
    work: impl FnOnce(&mut dyn Session) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    session.begin()?;
    match work(session) {
        Ok(done) => {
            session.commit()?;
            Ok(done)
        }
        Err(error) => {
            session.rollback();
            Err(error)
        }
    }
}
