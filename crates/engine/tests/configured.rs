//! What an app finds in the configuration of its host.

use weir_engine::{App, EntryHead, Level, Options, Outputs, TapId};
use weir_event::{BatchBuilder, Epoch, Seq, Value};
use weir_plan::{Configured, Reference};

struct Nowhere;

impl Outputs for Nowhere {
    fn rows(&mut self, _: TapId, _: &weir_engine::Emitted<'_>) {}

    fn note(&mut self, _: Level, _: &str) {}
}

fn made(text: &str, configured: Configured) -> Result<App, Vec<weir_query::Problem>> {
    App::create(text, &Options { name: "app".to_owned(), configured })
}

fn texts(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn options_under_a_name_stand_in_for_those_that_are_not_written() {
    let configured = Configured {
        refs: vec![Reference {
            name: "orders".to_owned(),
            options: texts(&[("type", "http"), ("publisher.url", "http://a/"), ("method", "PUT")]),
        }],
        ..Configured::default()
    };
    let text = "@sink(ref='orders', method='POST', @map(type='json'))
                define stream Out (a int);";
    let app = made(text, configured.clone()).expect("the name is known");
    let stream = app.streams().iter().find(|it| it.name == "Out").expect("it is defined");
    let option = |key: &str| stream.annotations[0].element(key).map(|it| it.value.as_str());
    assert_eq!(option("type"), Some("http"));
    assert_eq!(option("publisher.url"), Some("http://a/"));
    assert_eq!(option("method"), Some("POST"), "what is written wins");
    let refused = made(&text.replace("'orders'", "'order'"), configured).err().unwrap_or_default();
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].message, "the configuration has no `ref` of the name `order`");
    assert_eq!(refused[0].hint.as_deref(), Some("did you mean `orders`"));
}

const DAYS: &str = "
    define stream S (v int);
    define aggregation A from S select sum(v) as v aggregate every hour ... day;";

fn begin_of_day(zone: Option<&str>) -> String {
    let properties = zone.map(|zone| texts(&[("aggTimeZone", zone)])).unwrap_or_default();
    let mut app = made(DAYS, Configured { properties, ..Configured::default() })
        .expect("the time zone is known");
    let head = |seq| EntryHead { seq: Seq(seq), epoch: Epoch(1), time: 1_700_000_000_000, end: 1 };
    app.start(head(1), &mut Nowhere);
    let stream = app.stream("S").expect("it is defined");
    let mut builder = BatchBuilder::new(app.schema(stream));
    builder.push_row(1_700_000_000_000, [Value::Int(1)]);
    app.apply(stream, &builder.finish(), &[head(2)], &mut Nowhere);
    let query = "from A within 0L, 1800000000000L per 'days' select AGG_TIMESTAMP, v";
    let rows = app.query(query, head(3)).expect("the query is right").rows;
    rows[0][0].to_string()
}

#[test]
fn days_begin_where_the_time_zone_says() {
    // 2023-11-14T22:13:20Z is the next day already in Colombo, five and a half hours ahead.
    assert_eq!(begin_of_day(None), "1699920000000");
    assert_eq!(begin_of_day(Some("GMT")), "1699920000000");
    assert_eq!(begin_of_day(Some("Asia/Colombo")), "1699986600000");
    let properties = texts(&[("aggTimeZone", "Nowhere/Land")]);
    let refused = made(DAYS, Configured { properties, ..Configured::default() });
    let refused = refused.err().unwrap_or_default();
    assert_eq!(refused[0].message, "`aggTimeZone` is `Nowhere/Land`, which is no time zone");
}

#[test]
fn shards_need_a_name() {
    let text = DAYS.replace("define aggregation", "@PartitionById define aggregation");
    assert!(made(&text, Configured::default()).is_err());
    let properties = texts(&[("shardId", "node-a")]);
    assert!(made(&text, Configured { properties, ..Configured::default() }).is_ok());
}
