//! What makes two events the same for a window that holds one of each.

use weir_event::{Object, RowStore, Value};
use weir_expr::{Expr, Fault, Input, Rows as Places, Scope, Source};

use super::super::Param;
use crate::cx::Cx;

/// What makes two events the same: a parameter, or several together.
#[derive(Debug, Clone)]
pub(in crate::window) struct UniqueKey {
    parts: Vec<Expr>,
    /// Whether null is a key as good as any; otherwise it is a fault.
    nulls: bool,
}

impl UniqueKey {
    /// Keys of which null is one.
    pub(in crate::window) fn with_nulls(params: &[Param]) -> Self {
        Self { parts: params.iter().map(|it| it.expr.clone()).collect(), nulls: true }
    }

    /// Keys that may not be null.
    pub(in crate::window) fn without_nulls(params: &[Param]) -> Self {
        Self { nulls: false, ..Self::with_nulls(params) }
    }

    /// The key of a row.
    ///
    /// # Errors
    ///
    /// It cannot be computed, or is null where that is no key.
    pub(in crate::window) fn of(
        &self,
        cx: &Cx<'_>,
        store: &RowStore,
        row: u32,
        now: i64,
    ) -> Result<Value, Fault> {
        let value = match &self.parts[..] {
            [part] => part_of(part, cx, store, row, now)?,
            parts => {
                let parts = parts.iter().map(|part| part_of(part, cx, store, row, now));
                Value::object(Object::List(parts.collect::<Result<_, _>>()?))
            }
        };
        if value.is_null() && !self.nulls {
            return Err(Fault::null("the key of a unique window"));
        }
        Ok(value)
    }
}

fn part_of(part: &Expr, cx: &Cx<'_>, store: &RowStore, row: u32, now: i64) -> Result<Value, Fault> {
    if let Expr::Attribute { slot: 0, column, .. } = part {
        return Ok(store.value(row, usize::from(*column)));
    }
    let inputs = [Input::new(Source::Store(store), Places::Same(row))];
    part.value_at(&Scope { inputs: &inputs, len: 1, env: &cx.env(now) }, 0)
}
