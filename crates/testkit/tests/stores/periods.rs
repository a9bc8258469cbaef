//! `@store` of an aggregation: its closed periods are in tables of the database, and an app that
//! starts without a state goes on from them.

use weir_datasource::RdbmsStores;
use weir_event::Value;

use crate::bed::{Run, beds, make, rows};

const BY_CLOCK: &str = "
    define stream S (k string, v int, p double, ts long);
    STORE @purge(enable='true', interval='1 hour', @retentionPeriod(sec='2 min', min='all'))
    define aggregation A from S
    select k, sum(v) as total, avg(p) as mean, max(v) as top, p as newest
    group by k aggregate every sec ... min;";

const BY_EVENT: &str = "
    define stream S (k string, v int, p double, ts long);
    STORE @purge(enable='false')
    define aggregation A from S select k, sum(v) as total, count() as n, p as newest
    group by k aggregate by ts every sec ... hour;";

/// Two of each, of which one keeps its periods in a database too.
struct Both {
    stored: Run,
    alone: Run,
}

impl Both {
    fn start(text: &str, url: &str) -> Self {
        let stores = RdbmsStores::plain();
        let [stored, alone] = [Some(url), None].map(|url| Run::start(text, url, &stores));
        Self { stored, alone }
    }

    fn send(&mut self, later_ms: i64, k: &str, v: i32, p: f64) {
        for run in [&mut self.stored, &mut self.alone] {
            run.later_ms += later_ms;
            let ts = 1_000 + run.later_ms - if v % 3 == 0 { 5_000 } else { 0 };
            let row = [Value::text(k), Value::Int(v), Value::Double(p), Value::Long(ts)];
            run.send("S", &[&row]);
            assert!(run.seen.0.is_empty(), "{:?}", run.seen.0);
        }
    }

    /// What both answer.
    fn same(&mut self, select: &str) {
        for per in ["sec", "min"] {
            let query =
                format!("from A within 0L, 9999999999L per '{per}' select AGG_TIMESTAMP, {select}");
            let stored = self.stored.ask(&query);
            assert!(!stored.is_empty());
            assert_eq!(stored, self.alone.ask(&query), "{per}");
        }
    }

    /// The one with a database goes on without its state: what its tables have is all but the
    /// second that is going on, which has an event that only this one sees.
    fn lose_state(&mut self, text: &str, url: &str) {
        for run in [&mut self.stored, &mut self.alone] {
            run.later_ms += 2_000;
        }
        let ts = 1_000 + self.stored.later_ms;
        let row = [Value::text("lost"), Value::Int(1), Value::Double(0.5), Value::Long(ts)];
        self.stored.send("S", &[&row]);
        self.again(text, url, false);
        for run in [&mut self.stored, &mut self.alone] {
            run.later_ms += 2_000;
        }
    }

    /// The one with a database goes on without its state, or from it.
    fn again(&mut self, text: &str, url: &str, with_state: bool) {
        let later_ms = self.stored.later_ms;
        let saved = self.stored.app.save();
        self.stored = Run::start(text, Some(url), &RdbmsStores::plain());
        assert!(self.stored.seen.0.is_empty(), "{:?}", self.stored.seen.0);
        if with_state {
            self.stored.app.load(&saved).unwrap();
        }
        self.stored.later_ms = later_ms + 20;
    }
}

#[test]
fn closed_periods_are_in_the_tables_that_the_original_has() {
    for bed in beds() {
        let mut both = Both::start(BY_CLOCK, &bed.url);
        both.send(1_000, "a", 1, 1.5);
        both.send(10, "b", 2, 2.5);
        both.send(1_000, "a", 4, 3.5);
        both.send(70_000, "a", 8, 4.5);
        let columns = "k, newest, AGG_SUM_v, AGG_SUM_p, AGG_COUNT, AGG_MAX_v";
        let seconds = format!("SELECT AGG_TIMESTAMP, {columns} FROM A_SECONDS ORDER BY 1, 2");
        let expected = [
            "2000, a, 1.5, 1, 1.5, 1, 1",
            "2000, b, 2.5, 2, 2.5, 1, 2",
            "3000, a, 3.5, 4, 3.5, 1, 4",
        ];
        assert_eq!(rows(&bed.url, &seconds), expected, "{}", bed.url);
        let minutes = format!("SELECT AGG_TIMESTAMP, {columns} FROM A_MINUTES ORDER BY 1, 2");
        let expected = ["0, a, 3.5, 5, 5.0, 2, 4", "0, b, 2.5, 2, 2.5, 1, 2"];
        assert_eq!(rows(&bed.url, &minutes), expected, "{}", bed.url);
        both.same("k, total, mean, top, newest");
        both.again(BY_CLOCK, &bed.url, true);
        both.send(1_000, "b", 16, 5.5);
        let twice = "SELECT count(*) FROM A_SECONDS GROUP BY AGG_TIMESTAMP, k HAVING count(*) > 1";
        assert!(rows(&bed.url, twice).is_empty(), "what was written is not written again");
    }
}

#[test]
fn an_app_without_a_state_goes_on_from_its_tables() {
    for (text, select) in
        [(BY_CLOCK, "k, total, mean, top, newest"), (BY_EVENT, "k, total, n, newest")]
    {
        for bed in beds() {
            let mut both = Both::start(text, &bed.url);
            for turn in 0..60 {
                both.send(2_300, ["a", "b", "c"][turn % 3], turn as i32, turn as f64 + 0.5);
                if turn % 25 == 24 {
                    both.lose_state(text, &bed.url);
                    both.same(select);
                }
            }
            both.same(select);
        }
    }
}

#[test]
fn what_cannot_be_in_a_table_is_refused() {
    let refused = |text: &str| {
        let made = make(text, Some("jdbc:sqlite:x"), &RdbmsStores::plain());
        made.err().unwrap_or_default().into_iter().map(|it| it.message).collect::<Vec<_>>()
    };
    let sets = BY_CLOCK.replace("sum(v) as total", "distinctCount(v) as total");
    assert_eq!(refused(&sets), ["`distinctCount` keeps sets, which no column of a database holds"]);
    let named = BY_CLOCK.replace("STORE", "@store(type='rdbms', table.name='X')");
    let expected = "an aggregation has a table for each of its periods: none can be named";
    assert_eq!(refused(&named), [expected]);
    let taken = format!("define table A_SECONDS (x int);{BY_CLOCK}");
    assert_eq!(refused(&taken), ["`A_SECONDS` is already defined as something else"]);
}
