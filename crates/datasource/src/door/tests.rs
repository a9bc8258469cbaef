//! URLs are understood or refused by name; files that cannot serve are told apart.

use std::time::Duration;

use rusqlite::OpenFlags;
use tempfile::TempDir;

use super::server_url::{ServerKind, ServerUrl};
use super::url::{FileTarget, Target};
use super::{Database, DatabaseOptions, Login};
use crate::sqlite::Sqlite;

const QUICK: DatabaseOptions = DatabaseOptions { busy_timeout: Duration::from_millis(20) };

fn file(url: &str) -> FileTarget {
    match Target::of_url(url).unwrap() {
        Target::File(target) => target,
        Target::Server(target) => panic!("{target:?}"),
    }
}

fn server(url: &str) -> ServerUrl {
    match Target::of_url(url).unwrap() {
        Target::Server(target) => target,
        Target::File(target) => panic!("{target:?}"),
    }
}

#[test]
fn a_sqlite_url_names_its_file() {
    for (url, name) in [
        ("jdbc:sqlite:/data/a.db", "/data/a.db"),
        ("jdbc:sqlite:a.db", "a.db"),
        (" jdbc:sqlite:file:a.db ", "a.db"),
    ] {
        let target = file(url);
        assert_eq!((target.file.to_str(), target.notice), (Some(name), None), "{url}");
    }
    let target = file("jdbc:sqlite:a.db?cache=shared");
    assert_eq!(target.file.to_str(), Some("a.db"));
    let notice = "options of `jdbc:sqlite:` are ignored: cache=shared";
    assert_eq!(target.notice.as_deref(), Some(notice));
}

#[test]
fn an_h2_url_gets_a_sqlite_file_beside_it_and_says_so() {
    let shipped = "jdbc:h2:/wso2/database/WSO2_CLUSTER_DB;AUTO_SERVER=TRUE;DB_CLOSE_ON_EXIT=FALSE";
    let target = file(shipped);
    assert_eq!(target.file.to_str(), Some("/wso2/database/WSO2_CLUSTER_DB.sqlite"));
    assert_eq!(
        target.notice.as_deref(),
        Some(
            "`jdbc:h2:/wso2/database/WSO2_CLUSTER_DB` is served by an embedded SQLite database \
             in `/wso2/database/WSO2_CLUSTER_DB.sqlite`; what an H2 file holds is not read"
        )
    );
    assert_eq!(file("jdbc:h2:file:./x").file.to_str(), Some("./x.sqlite"));
}

#[test]
fn other_databases_are_refused_by_name_and_without_their_secrets() {
    for (url, what) in [
        ("jdbc:mysql:pw", "`jdbc:mysql:`: only `//HOST:PORT/DATABASE` is understood"),
        ("jdbc:mysql://db:pw/x", "`jdbc:mysql:`: a port is a number"),
        ("jdbc:mariadb://address=(host=pw)/x", "`jdbc:mariadb:`: hosts in parentheses"),
        ("jdbc:postgresql://u:pw@db:99999/p", "`jdbc:postgresql:`: a port is a number"),
        ("jdbc:postgresql://db:0/p", "`jdbc:postgresql:`: a port is a number"),
        ("jdbc:sqlserver://db;password=pw", "`jdbc:sqlserver:`: SQL Server is not yet"),
        ("jdbc:oracle:thin:u/pw@db", "`jdbc:oracle:`: Oracle is not yet"),
        ("jdbc:db2://db/p:password=pw;", "`jdbc:db2:`: DB2 is not yet"),
        ("jdbc:derby:pw", "`jdbc:derby:`: it names no known kind"),
        ("pw", "`jdbcUrl`: it names no known kind"),
        ("", "`jdbcUrl`: it names no known kind"),
        ("jdbc:h2:mem:pw", "`jdbc:h2:mem:`: only an H2 database in a file"),
        ("jdbc:h2:tcp://pw", "`jdbc:h2:tcp:`: only an H2 database in a file"),
        ("jdbc:h2:~/pw", "`jdbc:h2:`: the file's whole path is needed"),
        ("jdbc:sqlite::memory:", "`jdbc:sqlite:`: a database in memory is gone"),
        ("jdbc:sqlite:file:pw?mode=memory", "`jdbc:sqlite:`: a database in memory is gone"),
        ("jdbc:sqlite:", "`jdbc:sqlite:`: a database in memory is gone"),
    ] {
        let refused = Database::open(url, QUICK).expect_err(url).to_string();
        assert!(refused.starts_with(&format!("cannot use {what}")), "{url}: {refused}");
        assert!(refused.contains("\nhint: ") && !refused.contains("pw"), "{url}: {refused}");
    }
}

#[test]
fn a_database_that_can_only_be_read_is_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("data.db");
    Sqlite::open(&file, QUICK).unwrap();
    let refused = Sqlite::open_as(&file, QUICK, OpenFlags::SQLITE_OPEN_READ_ONLY);
    let refused = refused.expect_err("it can only be read").to_string();
    assert!(refused.contains("data.db`: it can only be read\nhint: let this user write"));
}

#[test]
fn a_server_url_is_taken_apart() {
    let login = |user: &str, password: &str| {
        let named = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty());
        Login { user: named(user), password: named(password) }
    };
    for (url, hosts, database, by) in [
        ("jdbc:postgresql://db/shop", &[("db", 5432)][..], "shop", login("", "")),
        ("jdbc:postgresql:shop", &[("localhost", 5432)], "shop", login("", "")),
        ("jdbc:postgresql:/", &[("localhost", 5432)], "", login("", "")),
        ("jdbc:postgresql://[::1]:5/x%20y?user=u", &[("::1", 5)], "x y", login("u", "")),
        (
            "jdbc:postgresql://a:1,b/x?user=u&password=p%26%3d%zz",
            &[("a", 1), ("b", 5432)],
            "x",
            login("u", "p&=%zz"),
        ),
        ("jdbc:mysql://u:p%40@db:3307/shop", &[("db", 3307)], "shop", login("u", "p@")),
        ("jdbc:mariadb://db/?user=u&PASSWORD=p", &[("db", 3306)], "", login("u", "p")),
    ] {
        let found = server(url);
        let names: Vec<_> = found.hosts.iter().map(|(host, port)| (host.as_str(), *port)).collect();
        assert_eq!((&names[..], found.database.as_str()), (hosts, database), "{url}");
        assert_eq!(found.login, by, "{url}");
    }
    let mut url = server("jdbc:mysql://db/shop?useSSL=true&a=1&b&user=u");
    assert_eq!(url.kind, ServerKind::Mysql);
    assert_eq!((url.take_flag("usessl"), url.take_flag("b")), (Some(true), Some(true)));
    assert_eq!((url.take("c"), url.left()), (None, vec!["a"]));
    assert_eq!(url.name(), "jdbc:mysql://db:3306/shop");
}

#[test]
fn a_password_is_not_shown() {
    let url = server("jdbc:postgresql://u:secret@db/shop?password=secret");
    let shown = format!("{url:?} {:?} {}", url.login, url.name());
    assert!(!shown.contains("secret"), "{shown}");
}
