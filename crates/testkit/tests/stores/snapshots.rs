//! A large state that moved on a little is mostly in the database already.

use weir_codec::{EntryId, Snapshot};
use weir_datasource::{Database, DatabaseOptions, RdbmsStores, SnapshotPlace};
use weir_event::{Epoch, Value};

use crate::bed::{Run, beds, rows};

const APP: &str = "
    define stream In (id int, note string, price double);
    define stream Out (id int);
    @PrimaryKey('id') define table T (id int, note string, price double);
    from In#window.length(100000) select note, sum(price) as total group by note insert into Sums;
    from In update or insert into T on T.id == id;
    from every a=In[price > 99.0] -> b=In[id == a.id and price < 1.0] select a.id as id
    insert into Out;";

fn feed(run: &mut Run, ids: std::ops::Range<i32>) {
    for id in ids {
        let price = f64::from(id.wrapping_mul(7919) % 10_000) / 100.0;
        let row = [
            Value::Int(id % 150_000),
            Value::text(format!("note {}", id % 5_000)),
            Value::Double(price),
        ];
        run.send("In", &[&row]);
    }
}

#[test]
fn a_state_that_moved_on_a_little_writes_little() {
    for bed in beds() {
        let mut run = Run::start(APP, None, &RdbmsStores::plain());
        feed(&mut run, 0..200_000);
        let database = Database::open(&bed.url, DatabaseOptions::default()).unwrap();
        let mut store = database.snapshots(&SnapshotPlace::of_scope("node")).unwrap();
        let mut save = |run: &Run, seq: u64| {
            let payload = run.app.save();
            let bytes = payload.len() as i64;
            let (app, revision) = ("A".into(), format!("{seq}").as_str().into());
            let it = Snapshot { app, revision, at: EntryId::new(1, seq), payload };
            store.save(Epoch(1), &it).unwrap();
            assert!(store.load("A", &it.revision).unwrap() == it);
            bytes
        };
        let kept = || {
            let sum = "SELECT sum(length(content)) FROM PERSISTENCE_TABLE_PART";
            rows(&bed.url, sum)[0].parse::<f64>().unwrap() as i64
        };
        let whole = save(&run, 1);
        let first = kept();
        assert!(first <= whole, "what is there twice is kept once");
        feed(&mut run, 200_000..201_000);
        save(&run, 2);
        let new = kept() - first;
        // One event of a hundred is another: of the window, the table and the groups.
        assert!(new < whole / 8, "{new} of {whole} bytes are new on {}", bed.url);
    }
}
