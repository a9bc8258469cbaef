//! What SQLite's error codes mean for the caller.

use rusqlite::ErrorCode;

use crate::door::StoreError;

/// Another process is in the way, or the machine is short of something.
const PASSING: &[ErrorCode] = &[
    ErrorCode::DatabaseBusy,
    ErrorCode::DatabaseLocked,
    ErrorCode::SystemIoFailure,
    ErrorCode::OutOfMemory,
    ErrorCode::SchemaChanged,
    ErrorCode::FileLockingProtocolFailed,
    ErrorCode::OperationInterrupted,
];

const DAMAGED: &[ErrorCode] = &[ErrorCode::DatabaseCorrupt, ErrorCode::NotADatabase];

const FORBIDDEN: &[ErrorCode] = &[
    ErrorCode::ReadOnly,
    ErrorCode::PermissionDenied,
    ErrorCode::CannotOpen,
    ErrorCode::AuthorizationForStatementDenied,
];

/// Tells a failure of SQLite by what to do next.
pub(super) fn store_error(
    error: &rusqlite::Error,
    doing: &'static str,
    database: &str,
    statement: &str,
) -> StoreError {
    let database = database.to_owned();
    let why = error.to_string();
    let Some(code) = error.sqlite_error_code() else {
        return StoreError::Statement { statement: statement.to_owned(), why };
    };
    if PASSING.contains(&code) {
        let busy = [ErrorCode::DatabaseBusy, ErrorCode::DatabaseLocked].contains(&code);
        let why = if busy { "another process has it locked".to_owned() } else { why };
        StoreError::RetryLater { doing, database, why }
    } else if code == ErrorCode::DiskFull {
        StoreError::Full { doing, database }
    } else if DAMAGED.contains(&code) {
        StoreError::Damaged { database, why }
    } else if FORBIDDEN.contains(&code) {
        let hint = "let this user read and write the file and its folder";
        StoreError::Refused { what: database, why, hint }
    } else if code == ErrorCode::ConstraintViolation {
        StoreError::Conflict { why }
    } else {
        StoreError::Statement { statement: statement.to_owned(), why }
    }
}
