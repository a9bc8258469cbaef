//! A cluster database that is missing, no database, locked, or gone while it is used.

use std::path::Path;

use expect_test::expect;
use rusqlite::Connection;

use crate::home::{Homes, port};
use crate::http::post;
use crate::process::{Node, refused};
use crate::receiver::Receiver;

const APP: &str = "define stream In (price double);\n";

#[test]
fn a_database_whose_folder_is_missing_stops_the_start() {
    let homes = Homes::new();
    let home = homes.home("a", APP);
    std::fs::write(homes.path("file"), "").unwrap();
    home.configure(&home.in_pair(&homes.path("file/shared.db")));
    let (code, said) = refused(&home);
    assert_eq!(code, 1, "{said}");
    expect![[r#"
        error: could not make the folder `HERE/file`
          because File exists (os error 17)
        hint: check its permissions, and that no file stands in its place
    "#]]
    .assert_eq(&homes.plain(&said));
}

#[test]
fn a_file_that_is_no_database_stops_the_start_and_stays_as_it_is() {
    let homes = Homes::new();
    let home = homes.home_of_pair("a", APP);
    let text = "this file holds notes, and not the tables of a database\n";
    std::fs::write(homes.path("shared.db"), text).unwrap();
    let (code, said) = refused(&home);
    assert_eq!(code, 1, "{said}");
    expect![[r#"
        error: could not open the persistence database `HERE/shared.db`
          because `HERE/shared.db` is damaged: file is not a database
        hint: stop both nodes, keep a copy of the file, and restore it from a backup
    "#]]
    .assert_eq(&homes.plain(&said));
    assert_eq!(std::fs::read_to_string(homes.path("shared.db")).unwrap(), text);
}

/// A pair of one node with a source and a sink.
struct Stage {
    homes: Homes,
    receiver: Receiver,
    source: std::net::SocketAddr,
    node: Node,
}

impl Stage {
    fn new() -> Self {
        let (homes, receiver, source) = (Homes::new(), Receiver::open(), port());
        let app = format!(
            "@app:name('Echo')
@source(type='http', receiver.url='http://{source}/in', @map(type='json'))
define stream In (n int);
@sink(type='http', publisher.url='http://{}/out', @map(type='json'))
define stream Out (n int);
from In select * insert into Out;
",
            receiver.at
        );
        let node = Node::start(&homes.home_of_pair("a", &app)).active();
        Self { homes, receiver, source, node }
    }

    fn send(&self, n: i32) -> u16 {
        post(self.source, "/in", &event(n)).unwrap().code
    }
}

fn event(n: i32) -> String {
    format!("{{\"event\":{{\"n\":{n}}}}}")
}

fn lock(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    connection.execute_batch("BEGIN EXCLUSIVE").unwrap();
    connection
}

#[test]
fn while_the_lease_cannot_be_written_outputs_wait_and_none_is_lost() {
    let mut stage = Stage::new();
    assert_eq!(stage.send(1), 200);
    let lock = lock(&stage.homes.path("shared.db.lease"));
    let line = stage.node.logs("locked");
    assert!(line.contains("the cluster database") || line.contains("shared.db.lease"), "{line}");
    stage.node.logs("the lease could not be renewed in time: outputs wait");
    assert!(!stage.node.is_ready());
    lock.execute_batch("COMMIT").unwrap();
    stage.node.status(|it| it["role"] == "active");
    assert_eq!(stage.send(2), 200);
    assert_eq!(stage.receiver.until(2), [event(1), event(2)]);
    assert_eq!(stage.node.stop().0, 0);
}

#[test]
fn a_node_whose_database_was_moved_away_waits_and_says_so() {
    let mut stage = Stage::new();
    assert_eq!(stage.send(1), 200);
    let (here, away) = (stage.homes.path("shared.db.lease"), stage.homes.path("away"));
    std::fs::rename(&here, &away).unwrap();
    let line = stage.node.logs("shared.db.lease");
    assert!(line.contains("moved or deleted"), "{line}");
    stage.node.logs("the lease could not be renewed in time: outputs wait");
    assert!(!stage.node.is_ready());
    std::fs::rename(&away, &here).unwrap();
    stage.node.status(|it| it["role"] == "active");
    assert_eq!(stage.send(2), 200);
    assert_eq!(stage.receiver.until(2), [event(1), event(2)]);
    assert_eq!(stage.node.stop().0, 0);
}
