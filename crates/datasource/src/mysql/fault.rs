//! What the server's error codes mean for the caller.

use mysql::Error;

use crate::door::StoreError;

/// Too many at once, shut down, locked for too long, gave way to another, only read as after a
/// failover, interrupted.
const PASSING: &[u16] = &[
    1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1180, 1203, 1205, 1213, 1226, 1290, 1317,
    1836, 1927, 1969, 2006, 2013, 3024, 4031,
];

const FULL: &[u16] = &[1021, 1114];

/// The user, the database, the rights.
const FORBIDDEN: &[u16] = &[1044, 1045, 1046, 1049, 1102, 1130, 1142, 1143, 1227, 1251, 1698];

const DAMAGED: &[u16] = &[1034, 1035, 1194, 1195, 1712];

const CONFLICT: &[u16] = &[1022, 1048, 1062, 1169, 1216, 1217, 1451, 1452, 1557, 1761, 3819, 4025];

/// After these nothing more can be asked over the connection, or nothing written.
const ENDING: &[u16] = &[1053, 1079, 1152, 1158, 1160, 1161, 1290, 1836, 1927, 2006, 2013, 4031];

/// Tells a failure by what to do next.
pub(super) fn store_error(
    error: &Error,
    doing: &'static str,
    database: &str,
    statement: &str,
) -> StoreError {
    let database = database.to_owned();
    let by_server = match error {
        Error::MySqlError(it) => it,
        Error::TlsError(why) => return untrusted(why.to_string(), database),
        Error::DriverError(why) if doing == "open" => {
            return unreached(why.to_string(), database);
        }
        Error::IoError(_) | Error::CodecError(_) => {
            let why = told(error);
            if why.contains("certificate") {
                return untrusted(why, database);
            }
            return StoreError::RetryLater { doing, database, why };
        }
        Error::DriverError(_)
        | Error::UrlError(_)
        | Error::FromValueError(_)
        | Error::FromRowError(_) => {
            return StoreError::Statement { statement: statement.to_owned(), why: told(error) };
        }
    };
    let (code, why) = (by_server.code, by_server.message.clone());
    if PASSING.contains(&code) {
        StoreError::RetryLater { doing, database, why }
    } else if FULL.contains(&code) {
        StoreError::Full { doing, database }
    } else if DAMAGED.contains(&code) {
        StoreError::Damaged { database, why }
    } else if FORBIDDEN.contains(&code) {
        let hint = "correct `username`, `password` or the database in `jdbcUrl`, or give that \
                    user the right";
        StoreError::refused(database, why, hint)
    } else if CONFLICT.contains(&code) {
        StoreError::Conflict { why }
    } else {
        StoreError::Statement { statement: statement.to_owned(), why }
    }
}

/// Whether nothing more can be asked over the connection.
pub(super) fn ends_connection(error: &Error) -> bool {
    match error {
        Error::MySqlError(it) => ENDING.contains(&it.code),
        Error::IoError(_) | Error::CodecError(_) | Error::TlsError(_) => true,
        Error::DriverError(_)
        | Error::UrlError(_)
        | Error::FromValueError(_)
        | Error::FromRowError(_) => false,
    }
}

/// The server did not show what it was asked to show.
fn untrusted(why: String, database: String) -> StoreError {
    let hint = "give the server's authority as `serverSslCert=FILE.pem`, or choose another \
                `sslMode`";
    StoreError::refused(database, why, hint)
}

/// What the driver found wrong before the server said anything.
fn unreached(why: String, database: String) -> StoreError {
    if why.contains("Could not connect") || why.contains("timeout") {
        return StoreError::RetryLater { doing: "open", database, why };
    }
    let hint = "correct `jdbcUrl` and its `ssl…` options, or the server's";
    StoreError::refused(database, why, hint)
}

fn told(error: &Error) -> String {
    match error {
        Error::IoError(why) => why.to_string(),
        Error::CodecError(why) => why.to_string(),
        Error::DriverError(why) => why.to_string(),
        Error::MySqlError(_)
        | Error::TlsError(_)
        | Error::UrlError(_)
        | Error::FromValueError(_)
        | Error::FromRowError(_) => error.to_string(),
    }
}
