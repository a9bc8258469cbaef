//! `auth.configs`: who may ask the node's own HTTP services.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::keys::{Keys, Reading, Written};

/// The user that there is when the file names none, as in the original.
const DEFAULT_USER: &str = "admin";
const DEFAULT_PASSWORD: &str = "admin";

/// The section as written.
#[derive(Debug, Default)]
pub(super) struct RawAuth {
    kind: Option<Written<String>>,
    enabled: Option<Written<bool>>,
    excluded: Vec<String>,
    users: Vec<(Written<String>, Written<String>)>,
}

/// The same, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// Whether a name and a password are asked for at all.
    pub is_enabled: bool,
    /// Paths for which none are: with `*` at the end, all that begin so.
    pub excluded: Vec<String>,
    users: Vec<(String, [u8; 32])>,
}

impl RawAuth {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let kind = keys.text("type");
        keys.silent(&["ssoEnabled", "properties", "queries"]);
        let (mut enabled, mut excluded, mut users) = (None, Vec::new(), Vec::new());
        if let Some(mut rest) = keys.section("restAPIAuthConfigs") {
            enabled = rest.bool("authEnable");
            excluded = rest.words("exclude");
            rest.finish();
        }
        if let Some(mut manager) = keys.section("userManager") {
            manager.silent(&["adminRole"]);
            if let Some(mut store) = manager.section("userStore") {
                store.silent(&["roles"]);
                for mut item in store.sections("users") {
                    if let Some(mut user) = item.section("user") {
                        user.silent(&["roles", "firstName", "lastName"]);
                        let (name, password) = (user.text("username"), user.text("password"));
                        users.extend(name.zip(password));
                        user.finish();
                    }
                    item.finish();
                }
                store.finish();
            }
            manager.finish();
        }
        keys.finish();
        Self { kind, enabled, excluded, users }
    }

    pub(super) fn check(self, cx: &Reading<'_>) -> Auth {
        if let Some(kind) = self.kind.filter(|it| it.value != "local") {
            let why = format!("is `{}`, and only `local` users are supported", kind.value);
            cx.problem(kind.problem(&why).hint("name the users in `auth.configs.userManager`"));
        }
        let mut users = Vec::new();
        for (name, password) in self.users {
            match STANDARD.decode(password.value.trim()) {
                Ok(plain) => users.push((name.value, Sha256::digest(&plain).into())),
                Err(_) => {
                    let hint = "write it as the original has it: `echo -n PASSWORD | base64`";
                    cx.problem(password.problem("is not in Base64").hint(hint));
                }
            }
        }
        if users.is_empty() {
            users.push((DEFAULT_USER.to_owned(), Sha256::digest(DEFAULT_PASSWORD).into()));
        }
        let is_enabled = self.enabled.is_none_or(|it| it.value);
        Auth { is_enabled, excluded: self.excluded, users }
    }
}

impl Auth {
    /// Whether a request for a path may go on; `header` is its `Authorization`.
    #[must_use]
    pub fn allows(&self, path: &str, header: Option<&str>) -> bool {
        if !self.is_enabled || self.excluded.iter().any(|it| is_meant(it, path)) {
            return true;
        }
        let Some(basic) = header.and_then(|it| it.strip_prefix("Basic ")) else { return false };
        let Ok(decoded) = STANDARD.decode(basic.trim()) else { return false };
        let Some(colon) = decoded.iter().position(|byte| *byte == b':') else { return false };
        let (name, password) = decoded.split_at(colon);
        let password: [u8; 32] = Sha256::digest(&password[1..]).into();
        self.users.iter().any(|(user, known)| user.as_bytes() == name && *known == password)
    }

    /// Whether the user of the original's shipped file may still come in.
    #[must_use]
    pub fn has_default(&self) -> bool {
        let password: [u8; 32] = Sha256::digest(DEFAULT_PASSWORD).into();
        self.is_enabled && self.users.contains(&(DEFAULT_USER.to_owned(), password))
    }
}

fn is_meant(pattern: &str, path: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_its_password_come_in_and_an_excluded_path_needs_none() {
        let users = vec![("ann".to_owned(), Sha256::digest("a:b").into())];
        let auth = Auth { is_enabled: true, excluded: vec!["/stores/*".to_owned()], users };
        let header = |text: &str| format!("Basic {}", STANDARD.encode(text));
        assert!(auth.allows("/siddhi-apps", Some(&header("ann:a:b"))));
        for wrong in ["ann:a", "ann:", "ann", "bob:a:b", "admin:admin"] {
            assert!(!auth.allows("/siddhi-apps", Some(&header(wrong))), "{wrong}");
        }
        for wrong in [None, Some("Basic ?"), Some("Bearer x"), Some("")] {
            assert!(!auth.allows("/siddhi-apps", wrong), "{wrong:?}");
        }
        assert!(auth.allows("/stores/query", None));
        assert!(!auth.has_default());
        assert!(Auth { is_enabled: false, ..auth }.allows("/siddhi-apps", None));
    }
}
