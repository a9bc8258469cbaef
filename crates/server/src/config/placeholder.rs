//! `${env:NAME}` and `${sys:NAME}` in values, with a default after a comma as the original has it.

use std::collections::BTreeMap;

/// Where placeholders find their values.
///
/// The environment is handed in, so that a configuration is a function of what is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Environment variables, for `${env:NAME}`.
    pub env: BTreeMap<String, String>,
    /// Properties, for `${sys:NAME}`: `-D name=value` of the command line and those every node has
    /// (`carbon.home`, `wso2.runtime`, `wso2.runtime.path`).
    pub sys: BTreeMap<String, String>,
}

impl Surroundings {
    /// The environment of this process and the given properties.
    #[must_use]
    pub fn of_process(sys: BTreeMap<String, String>) -> Self {
        let env = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self { env, sys }
    }
}

/// Why a value with placeholders has no meaning: what is wrong, and what to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unresolved {
    pub(super) message: String,
    pub(super) hint: String,
}

/// `text` with every placeholder replaced; what a placeholder brings in is not looked at again.
pub(super) fn fill(text: &str, from: &Surroundings) -> Result<String, Unresolved> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        let Some((inside, left)) = after.split_once('}') else {
            return Err(Unresolved {
                message: format!("`${{{after}` has no closing brace"),
                hint: "write `${env:NAME}` or `${env:NAME,default}`".into(),
            });
        };
        filled.push_str(&one(inside, from)?);
        rest = left;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn one(inside: &str, from: &Surroundings) -> Result<String, Unresolved> {
    let (kind, rest) = inside.split_once(':').unwrap_or((inside, ""));
    let (name, default) = match rest.split_once(',') {
        Some((name, default)) => (name.trim(), Some(default.trim())),
        None => (rest.trim(), None),
    };
    let (found, what, set) = match kind {
        "env" => (from.env.get(name), "environment variable", format!("set `{name}`")),
        "sys" => (from.sys.get(name), "property", format!("start with `-D {name}=VALUE`")),
        "sec" => {
            return Err(Unresolved {
                message: format!("`${{{inside}}}`: the secure vault is not supported yet"),
                hint: "give the secret as `${env:NAME}`".into(),
            });
        }
        other => {
            return Err(Unresolved {
                message: format!("`${{{inside}}}`: `{other}` is not a kind of placeholder"),
                hint: "write `${env:NAME}` or `${sys:NAME}`".into(),
            });
        }
    };
    match (found.map(String::as_str).or(default), name.is_empty()) {
        (Some(value), false) => Ok(value.to_owned()),
        (None, false) => Err(Unresolved {
            message: format!("the {what} `{name}` is not set"),
            hint: format!("{set}, or write a default: `${{{kind}:{name},VALUE}}`"),
        }),
        (_, true) => Err(Unresolved {
            message: format!("`${{{inside}}}` has no name"),
            hint: "write `${env:NAME}` or `${sys:NAME}`".into(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given() -> Surroundings {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Surroundings {
            env: [pair("PORT", "8006"), pair("ODD", "${env:PORT}")].into(),
            sys: [pair("carbon.home", "/opt/weir")].into(),
        }
    }

    #[test]
    fn names_are_replaced_where_they_stand() {
        assert_eq!(
            fill("jdbc:sqlite:${sys:carbon.home}/${env:PORT}.db", &given()).unwrap(),
            "jdbc:sqlite:/opt/weir/8006.db"
        );
    }

    #[test]
    fn a_default_counts_only_when_the_name_is_not_set() {
        assert_eq!(fill("${env:PORT,1}", &given()).unwrap(), "8006");
        assert_eq!(fill("${env:NONE,1,2}", &given()).unwrap(), "1,2");
    }

    #[test]
    fn what_comes_in_is_not_looked_at_again() {
        assert_eq!(fill("${env:ODD}", &given()).unwrap(), "${env:PORT}");
    }

    #[test]
    fn what_cannot_be_replaced_says_why() {
        let why = |text| fill(text, &given()).unwrap_err().message;
        assert_eq!(why("${env:NONE}"), "the environment variable `NONE` is not set");
        assert_eq!(why("${sys:none}"), "the property `none` is not set");
        assert_eq!(why("${env:PORT"), "`${env:PORT` has no closing brace");
        assert_eq!(why("${PORT}"), "`${PORT}`: `PORT` is not a kind of placeholder");
        assert_eq!(why("${env:}"), "`${env:}` has no name");
        assert_eq!(why("${sec:pass}"), "`${sec:pass}`: the secure vault is not supported yet");
    }
}
