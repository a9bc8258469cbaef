//! What a store cannot do is said when the app is made, at its place.

use weir_datasource::RdbmsStores;
use weir_engine::{App, Options};

use crate::bed::make;

/// The message and the hint of the only problem.
fn problem(app: &str) -> String {
    let problems = make(app, Some("jdbc:sqlite:unused.db"), &RdbmsStores::plain());
    let problems = problems.expect_err("it cannot be made");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    format!("{} | {}", problem.message, problem.hint.as_deref().unwrap_or_default())
}

#[test]
fn what_cannot_be_compiled_is_refused_where_it_stands() {
    for (query, expected) in [
        ("from S delete T on str:length(T.id) > 3;", "a function of the table's attributes"),
        (
            "from S join T on ifThenElse(T.id == 'a', true, false) select S.id insert into O;",
            "`ifThenElse` of the table's attributes",
        ),
        (
            "from S[str:upper(T.id) == id in T] select id insert into O;",
            "a function of the table's attributes",
        ),
        (
            "from S select id update T set T.id = str:upper(T.id) on T.id == id;",
            "a function of the table's attributes",
        ),
    ] {
        let tables = "define stream S (id string); STORE define table T (id string);";
        let app = format!("{tables} {query}");
        let told = problem(&app);
        let expected = format!("a store does not compute {expected} | compute it in the query");
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[test]
fn options_are_checked() {
    let table = "define table T (id string);";
    for (store, expected) in [
        ("type='mongodb'", "`@store(type='mongodb')` is not yet supported | `rdbms` is"),
        ("type='rdbms'", "it names no database | give `datasource`"),
        ("type='rdbms', datasource='X'", "there is no data source `X` | add it to"),
        ("type='rdbms', jndi.resource='X'", "no naming service for `jndi.resource` | name a data"),
        ("type='rdbms', jdbc.url='jdbc:oracle:x'", "Oracle is not yet supported | use `jdbc:"),
        ("type='rdbms', jdbc.url='jdbc:sqlite:x', tabel.name='y'", "no option `tabel.name` | its"),
        ("type='rdbms', jdbc.url='jdbc:sqlite:x', table.name='a b'", "`a b` is no plain name"),
        ("type='rdbms', jdbc.url='jdbc:sqlite:x', field.length='x:1'", "`field.length` is `x:1`"),
        (
            "type='rdbms', jdbc.url='jdbc:sqlite:x', @cache(cache.policy='LRU')",
            "`@cache` needs `size`",
        ),
        (
            "type='rdbms', jdbc.url='jdbc:sqlite:x', @cache(size='none')",
            "`none` is no number of rows",
        ),
        (
            "type='rdbms', jdbc.url='jdbc:sqlite:x', @cache(size='9', cache.policy='MRU')",
            "`MRU` is no policy of a cache | write `FIFO`, `LRU` or `LFU`",
        ),
        (
            "type='rdbms', jdbc.url='jdbc:sqlite:x', @cache(size='9', retention.period='5')",
            "`5` is not a time",
        ),
        (
            "type='rdbms', jdbc.url='jdbc:sqlite:x', @cache(size='9', policy='LRU')",
            "`@cache` has no option `policy`",
        ),
    ] {
        let told = problem(&format!("@store({store}) {table}"));
        assert!(told.contains(expected), "{store}: {told}");
    }
}

#[test]
fn a_host_without_stores_says_so() {
    let text = "@store(type='rdbms', jdbc.url='jdbc:sqlite:x') define table T (id string);";
    let options = Options::named("app");
    let problems = App::create(text, &options).expect_err("there are none");
    assert_eq!(problems[0].message, "`@store` is not yet supported here");
}
