//! Which parameters a window takes, and whether it was given those.

use weir_event::DataType;

use super::Param;

/// One parameter of a window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// Its name in the language's documentation.
    pub(super) name: &'static str,
    /// The types it may have.
    pub(super) types: &'static [DataType],
    /// Whether it has to be a constant.
    pub(super) constant: bool,
}

/// A list of parameters that a window takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signature {
    pub(super) slots: &'static [Slot],
    /// Whether more parameters like the last may follow.
    pub(super) repeats: bool,
}

/// Whole numbers: lengths and counts.
pub(super) const INT: &[DataType] = &[DataType::Int];
/// Spans and moments: `5 sec`, or milliseconds.
pub(super) const SPAN: &[DataType] = &[DataType::Int, DataType::Long];
pub(super) const LONG: &[DataType] = &[DataType::Long];
pub(super) const BOOL: &[DataType] = &[DataType::Bool];
pub(super) const DOUBLE: &[DataType] = &[DataType::Double];
pub(super) const STRING: &[DataType] = &[DataType::String];
/// The text of a condition, or one that is computed already.
pub(super) const TEXT_OR_BOOL: &[DataType] = &[DataType::String, DataType::Bool];
/// What events can be put in order by.
pub(super) const SORTABLE: &[DataType] =
    &[DataType::String, DataType::Double, DataType::Int, DataType::Long, DataType::Float];

/// A parameter that has to be a constant.
pub(super) const fn constant(name: &'static str, types: &'static [DataType]) -> Slot {
    Slot { name, types, constant: true }
}

/// A parameter that may be computed for each event.
pub(super) const fn computed(name: &'static str, types: &'static [DataType]) -> Slot {
    Slot { name, types, constant: false }
}

/// A list of exactly these parameters.
pub(super) const fn exactly(slots: &'static [Slot]) -> Signature {
    Signature { slots, repeats: false }
}

/// A list of these parameters and any number like the last.
pub(super) const fn repeating(slots: &'static [Slot]) -> Signature {
    Signature { slots, repeats: true }
}

impl Signature {
    fn slot(&self, place: usize) -> Option<&Slot> {
        match self.slots.get(place) {
            Some(slot) => Some(slot),
            None if self.repeats => self.slots.last(),
            None => None,
        }
    }

    fn takes(&self, params: &[Param]) -> bool {
        params.len() >= self.slots.len()
            && params.iter().enumerate().all(|(place, param)| {
                self.slot(place).is_some_and(|slot| slot.types.contains(&param.expr.data_type()))
            })
    }

    fn text(&self) -> String {
        let slot = |slot: &Slot| {
            let types: Vec<_> = slot.types.iter().map(|it| it.word()).collect();
            format!("{} {}", types.join("|"), slot.name)
        };
        let mut slots: Vec<_> = self.slots.iter().map(slot).collect();
        if self.repeats {
            slots.push("...".to_owned());
        }
        format!("({})", slots.join(", "))
    }
}

/// Checks parameters against what the window takes, as the original does: the first signature of
/// which the types fit decides which parameters have to be constants.
pub(super) fn check(
    window: &str,
    signatures: &[Signature],
    params: &[Param],
) -> Result<(), String> {
    let Some(signature) = signatures.iter().find(|it| it.takes(params)) else {
        let found: Vec<_> = params.iter().map(|it| it.expr.data_type().word()).collect();
        let taken: Vec<_> = signatures.iter().map(Signature::text).collect();
        return Err(format!(
            "the window `{window}` cannot be given ({}); it takes {}",
            found.join(", "),
            taken.join(" or ")
        ));
    };
    for (slot, param) in signature.slots.iter().zip(params) {
        if slot.constant && param.constant().is_none() {
            return Err(format!(
                "the parameter `{}` of the window `{window}` has to be a constant",
                slot.name
            ));
        }
    }
    Ok(())
}
