//! What only a database on a server can do, or suffer.

use std::time::{Duration, Instant};

use weir_codec::LogId;
use weir_datasource::{Database, DatabaseOptions, Dialect, LeaseRow, Login, StoreError};
use weir_event::{Epoch, Value};

use crate::bed::{Bed, PATIENT, server, statement};

const QUICK: DatabaseOptions = DatabaseOptions { busy_timeout: Duration::from_millis(300) };

/// Both kinds of servers, where they are.
fn beds() -> Vec<Bed> {
    [Bed::postgres(), Bed::mariadb()].into_iter().flatten().collect()
}

fn without_login(url: &str) -> String {
    let (place, options) = url.split_once('?').unwrap();
    let options =
        options.split('&').filter(|it| !it.contains("user=") && !it.contains("password="));
    format!("{place}?{}", options.collect::<Vec<_>>().join("&"))
}

#[test]
fn a_wrong_password_is_refused_with_what_to_do_and_a_login_stands_beside_the_url() {
    for bed in beds() {
        let url = without_login(&bed.url);
        let login =
            |password: &str| Login { user: Some("weir".into()), password: Some(password.into()) };
        Database::open_as(&url, login("weir-test"), PATIENT).unwrap();
        let refused =
            Database::open_as(&url, login("wrong-one"), PATIENT).expect_err("it is wrong");
        assert!(matches!(refused, StoreError::Refused { .. }) && !refused.is_passing());
        let refused = refused.to_string();
        assert!(refused.contains("\nhint: correct `username`, `password`"), "{refused}");
        assert!(!refused.contains("wrong-one"), "{refused}");
    }
}

#[test]
fn a_database_that_is_not_there_is_refused_and_a_server_that_is_away_is_tried_again() {
    for variable in ["WEIR_TEST_POSTGRES", "WEIR_TEST_MARIADB"] {
        let Some(url) = server(variable) else { continue };
        let (host, rest) = url.split_once("127.0.0.1:").unwrap();
        let options = rest.split_once('?').unwrap().1;
        let port = rest.split_once('/').unwrap().0;
        let other = format!("{host}127.0.0.1:{port}/not_there?{options}");
        let refused = Database::open(&other, PATIENT).expect_err("no such database");
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused:?}");
        // Nobody listens on the port that a listener has just left.
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let away = format!("{host}{free}/x?{options}");
        let refused = Database::open(&away, PATIENT).expect_err("nobody listens");
        assert!(refused.is_passing(), "{refused:?}");
        assert!(!refused.to_string().contains("weir-test"), "{refused}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let place = silent.local_addr().unwrap();
    for scheme in ["postgresql", "mariadb"] {
        let began = Instant::now();
        let url = format!("jdbc:{scheme}://{place}/x?user=u&password=p&sslmode=disable");
        let refused = Database::open(&url, QUICK).expect_err("it says nothing");
        assert!(refused.is_passing(), "{refused:?}");
        assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    }
}

#[test]
fn a_connection_that_was_cut_is_made_anew_by_the_next_call() {
    for bed in beds() {
        let mut sql = bed.sql();
        let mut cluster = bed.database().cluster().unwrap();
        sql.execute(&statement("CREATE TABLE T (a INTEGER)", [])).unwrap();
        let (all, others) = match sql.dialect() {
            Dialect::Postgres => (
                "SELECT pg_backend_pid()",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ?",
            ),
            Dialect::Mysql | Dialect::Sqlite => ("SELECT CONNECTION_ID()", "KILL ?"),
        };
        let mine = sql.query(&statement(all, [])).unwrap().rows[0][0].clone();
        let kill = statement(others, [mine]);
        if sql.dialect() == Dialect::Postgres {
            bed.sql().query(&kill).unwrap();
        } else {
            let Value::Long(id) = kill.values[0] else { panic!("{kill:?}") };
            bed.run(&format!("KILL {id}"));
        }
        let insert = statement("INSERT INTO T VALUES (1)", []);
        let done = (0..3).find_map(|_| sql.execute_all(&[insert.clone(), insert.clone()]).ok());
        assert_eq!(done, Some(vec![1, 1]), "after at most a few tries");
        assert_eq!(bed.one("SELECT count(*) FROM T"), Value::Long(2));
        assert_eq!(cluster.lease("si").unwrap(), None, "others are not concerned");
    }
}

#[test]
fn a_transaction_whose_connection_is_lost_is_not_half_done() {
    for bed in beds() {
        let mut sql = bed.sql();
        sql.execute(&statement("CREATE TABLE T (a INTEGER)", [])).unwrap();
        let cut = match sql.dialect() {
            Dialect::Postgres => "SELECT pg_terminate_backend(pg_backend_pid())",
            Dialect::Mysql | Dialect::Sqlite => "KILL CONNECTION_ID()",
        };
        let insert = statement("INSERT INTO T VALUES (1)", []);
        let all = [insert.clone(), statement(cut, []), insert.clone()];
        let lost = sql.execute_all(&all).expect_err("it cuts itself off");
        assert!(lost.is_passing(), "{lost:?}");
        assert_eq!(bed.one("SELECT count(*) FROM T"), Value::Long(0));
        assert_eq!(sql.execute_all(&[insert.clone(), insert]).unwrap(), [1, 1]);
        assert_eq!(bed.one("SELECT count(*) FROM T"), Value::Long(2));
    }
}

#[test]
fn a_lease_that_another_transaction_holds_is_given_up_in_time() {
    for bed in beds() {
        let lease = |renewals| LeaseRow {
            holder: Some("n".into()),
            log: LogId(1),
            epoch: Epoch(1),
            renewals,
            in_sync: [LogId(1)].into(),
        };
        let mut cluster = Database::open(&bed.url, QUICK).unwrap().cluster().unwrap();
        assert!(cluster.write_lease("si", None, &lease(0)).unwrap());
        let mut other = bed.sql();
        let (stuck, went) = std::sync::mpsc::channel();
        let (go, gone) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let hold = statement("UPDATE CLUSTER_LEASE SET renewals = renewals", []);
                other.execute(&statement("BEGIN", [])).unwrap();
                other.execute(&hold).unwrap();
                stuck.send(()).unwrap();
                gone.recv().unwrap();
                other.execute(&statement("ROLLBACK", [])).unwrap();
            });
            went.recv().unwrap();
            let began = Instant::now();
            let written = cluster.write_lease("si", Some(lease(0).version()), &lease(1));
            assert!(written.as_ref().is_err_and(StoreError::is_passing), "{written:?}");
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
            go.send(()).unwrap();
        });
        // Whether the write happened is not known: it is read, and tried again.
        let seen = (0..3).find_map(|_| cluster.lease("si").ok()).flatten().unwrap();
        let next = lease(seen.renewals + 1);
        assert!(cluster.write_lease("si", Some(seen.version()), &next).unwrap());
    }
}

#[test]
fn an_encrypted_connection_checks_as_much_as_it_is_told_to() {
    let Some(certificate) = server("WEIR_TEST_CERTIFICATE") else { return };
    let is_encrypted = |url: &str| -> Result<bool, StoreError> {
        let mut sql = Database::open(url, PATIENT)?.sql()?;
        let text = match sql.dialect() {
            Dialect::Postgres => "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
            Dialect::Mysql | Dialect::Sqlite => {
                "SELECT variable_value <> '' FROM information_schema.session_status \
                 WHERE variable_name = 'Ssl_cipher'"
            }
        };
        let rows = sql.query(&statement(text, []))?.rows;
        Ok([Value::Bool(true), Value::Long(1)].contains(&rows[0][0]))
    };
    for bed in beds() {
        let is_postgres = bed.url.contains("postgresql");
        let (roots, modes) = if is_postgres {
            ("sslrootcert", ["disable", "prefer", "require", "verify-ca", "verify-full"])
        } else {
            ("serverSslCert", ["disable", "PREFERRED", "trust", "VERIFY_CA", "verify-full"])
        };
        for (place, mode) in modes.into_iter().enumerate() {
            let url = format!("{}&sslMode={mode}", bed.url);
            let checks = place >= 3;
            match is_encrypted(&url) {
                Ok(encrypted) => assert_eq!(encrypted, place > 0 && !checks, "{url}"),
                Err(refused) => {
                    assert!(checks && !refused.is_passing(), "{url}: {refused:?}");
                    assert!(refused.to_string().contains(roots), "{refused}");
                }
            }
            if checks {
                let url = format!("{url}&{roots}={certificate}");
                assert!(is_encrypted(&url).unwrap(), "{url}");
            }
        }
        let elsewhere = bed.url.replace("127.0.0.1", "127.0.0.2");
        let url = format!("{elsewhere}&sslMode=verify-full&{roots}={certificate}");
        assert!(is_encrypted(&url).is_err(), "the certificate is not for this host");
        let broken = format!("{}&sslMode=verify-ca&{roots}=/not/there.pem", bed.url);
        assert!(Database::open(&broken, QUICK).is_err());
        let odd = Database::open(&format!("{}&sslMode=odd", bed.url), QUICK).expect_err("odd");
        assert!(odd.to_string().contains("is not known\nhint: use "), "{odd}");
    }
}

#[test]
fn options_that_are_not_understood_are_named() {
    for bed in beds() {
        let url = format!("{}&reWriteBatchedInserts=true&autoReconnect=true&odd=1", bed.url);
        let database = Database::open(&url, PATIENT).unwrap();
        let notice = database.notice().unwrap();
        assert!(notice.starts_with("options of `jdbc:") && notice.contains("odd"), "{notice}");
        assert!(!notice.contains("weir-test"), "{notice}");
    }
}

#[test]
fn a_client_that_stands_still_in_a_transaction_holds_nobody_up() {
    for bed in beds() {
        bed.run("CREATE TABLE FENCE (scope INTEGER, epoch INTEGER)");
        bed.run("INSERT INTO FENCE (scope, epoch) VALUES (1, 1)");
        let mut still = bed.sql();
        let begin = match still.dialect() {
            Dialect::Mysql => "SET autocommit = 0",
            Dialect::Postgres | Dialect::Sqlite => "BEGIN",
        };
        still.execute(&statement(begin, [])).unwrap();
        still.execute(&statement("UPDATE FENCE SET epoch = 2", [])).unwrap();
        // Only the end of the other transaction lets this one through.
        bed.run("UPDATE FENCE SET epoch = 3");
        let epoch = bed.one("SELECT epoch FROM FENCE");
        assert!([Value::Int(3), Value::Long(3)].contains(&epoch), "{epoch:?}");
    }
}
