//! On-demand queries over HTTP: asked of the active node, in the log, and found again by the next.

use std::fs;

use serde_json::{Value as Json, json};

use crate::node::{ACTIVE, Node, PASSIVE};
use crate::stage::Stage;

const SHOP: &str = "@app:name('Shop')
@PrimaryKey('id') define table Orders (id string, total double, paid bool, n long);
define stream In (id string);
from In select id, 1.0 as total, false as paid, 1L as n insert into Orders;
";

fn ask(node: &Node, query: &str) -> (u16, Json) {
    let body = json!({ "appName": "Shop", "query": query, "details": true }).to_string();
    node.ask("/stores/query", Some("admin:admin"), &body)
}

fn records(node: &Node) -> Json {
    let (status, answer) = ask(node, "from Orders select * order by id");
    assert_eq!(status, 200, "{answer}");
    answer["records"].clone()
}

#[test]
fn what_was_changed_from_outside_is_there_after_a_takeover() {
    let stage = Stage::new();
    fs::write(stage.path("apps").join("Shop.siddhi"), SHOP).unwrap();
    let mut a = stage.node("a");
    a.until(ACTIVE);
    let mut b = stage.node("b");
    b.until(PASSIVE);
    a.until("in sync: 2 logs");
    let insert = "select 'o-1' as id, 12.5 as total, true as paid, 5L as n insert into Orders";
    assert_eq!(ask(&a, insert), (200, json!({ "records": [], "details": details() })));
    assert_eq!(ask(&a, &insert.replace("o-1", "o-2")).0, 200);
    assert_eq!(ask(&a, "update Orders set Orders.total = 3.0 on Orders.id == 'o-2'").0, 200);
    let expected = json!([["o-1", 12.5, true, 5], ["o-2", 3.0, true, 5]]);
    assert_eq!(records(&a), expected);
    let (status, answer) = ask(&b, "from Orders select *");
    assert_eq!(status, 503, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains("not the active one"), "{answer}");
    a.kill();
    b.until(ACTIVE);
    assert_eq!(records(&b), expected);
    assert_eq!(ask(&b, "delete Orders on Orders.id == 'o-1'").0, 200);
    b.kill();
    // Both are gone: what is there comes from the log and the snapshots.
    let mut a = stage.node("a");
    let mut b = stage.node("b");
    b.until(ACTIVE);
    assert_eq!(records(&b), json!([["o-2", 3.0, true, 5]]));
    a.until(PASSIVE);
}

fn details() -> Json {
    let types = [("id", "STRING"), ("total", "DOUBLE"), ("paid", "BOOL"), ("n", "LONG")];
    types.iter().map(|(name, word)| json!({ "name": name, "dataType": word })).collect()
}

#[test]
fn what_is_wrong_with_a_question_is_told() {
    let stage = Stage::new();
    fs::write(stage.path("apps").join("Shop.siddhi"), SHOP).unwrap();
    let mut node = stage.alone();
    node.until(ACTIVE);
    let body = |app: &str, query: &str| json!({ "appName": app, "query": query }).to_string();
    let right = body("Shop", "from Orders select id");
    for (login, body, status, said) in [
        (None, &right, 401, "a name and a password are asked for"),
        (Some("admin:wrong"), &right, 401, "a name and a password are asked for"),
        (Some("admin:admin"), &body("Shop", " "), 400, "`query` is empty"),
        (Some("admin:admin"), &body("", "from Orders select id"), 400, "`appName` is empty"),
        (Some("admin:admin"), &"[1".to_owned(), 400, "the body is not as it should be"),
        (Some("admin:admin"), &body("Nope", "from T select id"), 404, "no app `Nope` is active"),
        (Some("admin:admin"), &body("Shop", "from Orders select idd"), 500, "did you mean `id`"),
        (Some("admin:admin"), &body("Shop", "from Order select id"), 500, "`Order` is neither"),
    ] {
        let (found, answer) = node.ask("/stores/query", login, body);
        assert_eq!(found, status, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains(said), "{answer}");
        assert_eq!((&answer["code"], &answer["type"]), (&json!(1), &json!("error")));
    }
    assert_eq!(
        node.ask("/stores/query", Some("admin:admin"), &right),
        (200, json!({"records": []}))
    );
}

#[test]
fn apps_are_listed_as_the_original_lists_them() {
    let stage = Stage::new();
    fs::write(stage.path("apps").join("Shop.siddhi"), SHOP).unwrap();
    let mut a = stage.node("a");
    a.until(ACTIVE);
    let mut b = stage.node("b");
    b.until(PASSIVE);
    let get = |node: &Node, path: &str| node.get(path, "admin:admin");
    for (node, active) in [(&a, "active"), (&b, "inactive")] {
        assert_eq!(get(node, "/siddhi-apps"), (200, json!(["Shop", "Sums"])));
        assert_eq!(get(node, "/siddhi-apps/count"), (200, json!(2)));
        assert_eq!(get(node, "/siddhi-apps/Shop"), (200, json!({ "content": SHOP })));
        assert_eq!(get(node, "/siddhi-apps/Shop/status"), (200, json!({ "status": active })));
        assert_eq!(get(node, "/siddhi-apps/Shop/isExists"), (200, json!(true)));
        assert_eq!(get(node, "/siddhi-apps/Nope/isExists"), (200, json!(false)));
        assert_eq!(get(node, "/siddhi-apps/Nope/status").0, 404);
        assert_eq!(get(node, "/siddhi-apps/Nope").0, 404);
    }
    assert_eq!(get(&a, "/siddhi-apps?isActive=true"), (200, json!(["Shop", "Sums"])));
    assert_eq!(get(&b, "/siddhi-apps?isActive=true"), (200, json!([])));
    assert_eq!(a.get("/siddhi-apps", "admin:wrong").0, 401);
    assert_eq!(a.ask("/siddhi-apps", Some("admin:admin"), SHOP).0, 501);
}
