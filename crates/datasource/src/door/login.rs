//! Who logs in to a database.

use std::fmt;

/// Who logs in to a database on a server. What the URL names fills what is left out here.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// The password.
    pub password: Option<String>,
}

impl Login {
    /// What is not named here, from `other`.
    pub(crate) fn or(self, other: Self) -> Self {
        Self { user: self.user.or(other.user), password: self.password.or(other.password) }
    }
}

/// Shows no password, so that none reaches a log.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let password = self.password.as_ref().map(|_| "***");
        f.debug_struct("Login").field("user", &self.user).field("password", &password).finish()
    }
}
