//! Undelivered messages are kept once, found by number, and removed.

use weir_datasource::{ErrorStore, StoredError};

use crate::bed::{Bed, on_every_database};

fn store(bed: &Bed, scope: &str) -> ErrorStore {
    bed.database().error_store(scope).unwrap()
}

fn entry(key: &str, app: &str) -> StoredError {
    StoredError {
        id: 0,
        key: key.to_owned(),
        at: 1_700_000_000_000,
        app: app.to_owned(),
        element: "Out.1".to_owned(),
        cause: "`http://x` refused the message: 400 «why»".to_owned(),
        content: vec![0, 1, 255],
    }
}

fn an_entry_is_kept_once_and_until_it_is_removed(bed: &Bed) {
    let mut errors = store(bed, "si");
    for (key, app) in [("1-A-Out.1-7", "A"), ("1-B-Out.1-7", "B"), ("1-A-Out.1-7", "A")] {
        errors.add(&entry(key, app)).unwrap();
    }
    errors.add(&entry("1-A-Out.1-9", "A")).unwrap();
    drop(errors);
    let mut errors = store(bed, "si");
    let all = errors.list(None, 0, 100).unwrap();
    let keys: Vec<_> = all.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["1-A-Out.1-7", "1-B-Out.1-7", "1-A-Out.1-9"]);
    assert_eq!(StoredError { id: 0, ..all[1].clone() }, entry("1-B-Out.1-7", "B"));
    assert_eq!(errors.list(Some("A"), 0, 1).unwrap(), [all[0].clone()]);
    assert_eq!(errors.list(Some("A"), all[0].id, 9).unwrap(), [all[2].clone()]);
    assert!(errors.remove(all[0].id).unwrap() && !errors.remove(all[0].id).unwrap());
    assert_eq!(errors.list(None, 0, 100).unwrap(), all[1..]);
    assert_eq!(store(bed, "other").list(None, 0, 100).unwrap(), []);
    assert!(!store(bed, "other").remove(all[1].id).unwrap(), "it is another group's");
}

on_every_database!(an_entry_is_kept_once_and_until_it_is_removed);
