//! What the server's error codes mean for the caller.

use std::error::Error as _;

use tokio_postgres::Error;

use super::wire::Silent;
use crate::door::StoreError;

/// Away for a moment, in another's way, or no longer the one to write to: by the start of the
/// code.
const PASSING: &[&str] = &[
    "08",    // the connection
    "57P",   // shut down, crashed, starting, its database dropped
    "57014", // cancelled, for the time it took
    "53",    // short of something, full disks apart
    "40",    // gave way to another transaction
    "55P03", // locked for too long
    "25006", // a standby that is only read, as after a failover
    "25P03", // stood still in a transaction for too long
    "58",    // its machine
];

const FORBIDDEN: &[&str] = &["28", "3D000", "3F000", "42501", "0A000"];

const DAMAGED: &[&str] = &["XX001", "XX002"];

/// Tells a failure by what to do next.
pub(super) fn store_error(
    silent: &Silent,
    doing: &'static str,
    database: &str,
    statement: &str,
) -> StoreError {
    let retry = |why: String| StoreError::RetryLater { doing, database: database.to_owned(), why };
    let error = match silent {
        Silent::Late(within) => return retry(format!("no answer within {within:?}")),
        Silent::NoThread(why) => return retry(why.to_string()),
        Silent::Told(error) => error,
    };
    let why = told(error);
    let Some(code) = error.code() else {
        if error.is_closed() || is_of_socket(error) || doing == "open" {
            return unreached(error, database, retry(why));
        }
        return StoreError::Statement { statement: statement.to_owned(), why };
    };
    let is = |codes: &[&str]| codes.iter().any(|it| code.code().starts_with(it));
    if code.code() == "53100" {
        StoreError::Full { doing, database: database.to_owned() }
    } else if is(PASSING) {
        retry(why)
    } else if is(DAMAGED) {
        StoreError::Damaged { database: database.to_owned(), why }
    } else if is(FORBIDDEN) {
        let hint = "correct `username`, `password` or the database in `jdbcUrl`, or give that \
                    user the right";
        StoreError::refused(database, why, hint)
    } else if is(&["23"]) {
        StoreError::Conflict { why }
    } else {
        StoreError::Statement { statement: statement.to_owned(), why }
    }
}

/// Whether nothing more can be asked over the connection.
pub(super) fn ends_connection(silent: &Silent) -> bool {
    let Silent::Told(error) = silent else { return true };
    let code = error.code().map(|it| it.code()).unwrap_or_default();
    error.is_closed()
        || is_of_socket(error)
        || ["08", "57P", "25006", "25P03"].iter().any(|it| code.starts_with(it))
}

fn is_of_socket(error: &Error) -> bool {
    error.source().is_some_and(|it| it.is::<std::io::Error>())
}

/// A failure to connect that has no code of the server: some pass, some are the configuration's.
fn unreached(error: &Error, database: &str, passing: StoreError) -> StoreError {
    let why = told(error);
    let hint = if why.contains("certificate") || why.contains("InvalidCertificate") {
        "give the server's authority as `sslrootcert=FILE.pem`, or choose another `sslmode`"
    } else if why.contains("TLS") && why.contains("support") {
        "switch TLS on at the server, or choose another `sslmode`"
    } else if why.contains("password missing") || why.contains("user missing") {
        "give `username` and `password`"
    } else {
        return passing;
    };
    StoreError::refused(database, why, hint)
}

/// What the server says, or what the driver found, with its causes.
fn told(error: &Error) -> String {
    if let Some(db) = error.as_db_error() {
        let detail = db.detail().map(|it| format!(": {it}")).unwrap_or_default();
        return format!("{}{detail}", db.message());
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(it) = cause {
        let more = it.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = it.source();
    }
    text
}
