//! Which arguments a function takes, written the way its documentation shows them.

use weir_event::DataType;

use super::Arg;

/// Refuses arguments that fit none of the lists in `lists`.
///
/// Lists are separated by `|` and hold words: a type, `num`, `whole`, `real`, `plain` (all but
/// `object`) or `any`. A word followed by `...` stands for one or more arguments, one followed by
/// `!` for a constant.
///
/// # Errors
///
/// No list fits; the text says what the function takes.
pub(super) fn takes(name: &str, args: &[Arg<'_>], lists: &str) -> Result<(), String> {
    let mut variable = None;
    for list in lists.split('|') {
        let words: Vec<&str> = list.split_whitespace().collect();
        if !types_fit(&words, args) {
            continue;
        }
        match words
            .iter()
            .zip(args)
            .position(|(word, arg)| word.ends_with('!') && arg.constant.is_none())
        {
            None => return Ok(()),
            Some(place) => variable = Some(place),
        }
    }
    if let Some(place) = variable {
        return Err(format!("argument {} of `{name}` has to be a constant", place + 1));
    }
    let given: Vec<&str> = args.iter().map(|arg| arg.data_type.word()).collect();
    let wanted: Vec<String> = lists
        .split('|')
        .map(|list| format!("({})", list.split_whitespace().collect::<Vec<_>>().join(", ")))
        .collect();
    Err(format!("`{name}` takes {}, not ({})", wanted.join(" or "), given.join(", ")))
}

fn types_fit(words: &[&str], args: &[Arg<'_>]) -> bool {
    let repeats = words.last().is_some_and(|word| word.ends_with("..."));
    if args.len() < words.len() || (args.len() > words.len() && !repeats) {
        return false;
    }
    args.iter().enumerate().all(|(i, arg)| {
        words
            .get(i)
            .or(words.last())
            .is_some_and(|word| word_takes(word.trim_end_matches(['.', '!']), arg.data_type))
    })
}

fn word_takes(word: &str, data_type: DataType) -> bool {
    match word {
        "any" => true,
        "plain" => data_type != DataType::Object,
        "num" => data_type.is_numeric(),
        "whole" => matches!(data_type, DataType::Int | DataType::Long),
        "real" => matches!(data_type, DataType::Float | DataType::Double),
        word => word == data_type.word(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_event::Value;

    #[test]
    fn a_list_fits_by_types_number_and_constants() {
        let one = Value::Int(1);
        let constant = Arg { data_type: DataType::Int, constant: Some(&one) };
        let text = Arg { data_type: DataType::String, constant: None };
        let fits = |args: &[Arg<'_>], lists| takes("f", args, lists).is_ok();
        assert!(fits(&[], ""));
        assert!(!fits(&[text], ""));
        assert!(fits(&[text, constant], "string int!"));
        assert!(fits(&[text, constant, text], "string any..."));
        assert!(!fits(&[text], "string any..."));
        assert!(fits(&[text], "num | plain"));
        let refused = takes("f", &[text], "string! | int");
        assert_eq!(refused, Err("argument 1 of `f` has to be a constant".into()));
        let refused = takes("f", &[text], "int num... |");
        assert_eq!(refused, Err("`f` takes (int, num...) or (), not (string)".into()));
    }
}
