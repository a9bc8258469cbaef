//! `in`: whether some row of a table meets a condition.

use weir_expr::{Fault, InTable, Scope};
use weir_plan::CheckPlan;
use weir_tables::{StoreFailure, Table, TableCondition};

/// The table that an `in` searches, by its number, and for what.
pub(crate) type Check = (usize, TableCondition);

/// The check of a plan.
pub(crate) fn check(it: &CheckPlan) -> Check {
    (it.table.index(), TableCondition::new(it.condition.clone(), it.table_slot))
}

/// Readies checks of tables that are in stores.
pub(crate) fn ready_checks(checks: &mut [Check], tables: &[Table]) -> Result<(), StoreFailure> {
    checks.iter_mut().try_for_each(|(table, it)| tables[*table].ready_contains(it))
}

/// The `in` checks of one query or change.
pub(crate) struct Checks<'a> {
    pub tables: &'a [Table],
    pub checks: &'a [Check],
}

impl InTable for Checks<'_> {
    fn contains(&self, check: usize, scope: &Scope<'_>, place: usize) -> Result<bool, Fault> {
        match self.checks.get(check) {
            Some((table, condition)) => self.tables[*table].contains(condition, scope, place),
            None => Err(Fault::runtime("no such table check")),
        }
    }
}
