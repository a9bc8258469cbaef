//! Everything that is wrong with an app is found in one go, each thing once and at its place.

use weir_engine::{App, Options};

/// Apps in which all that is wrong, and nothing else, stands between `«` and `»`.
const APPS: &[&str] = &[
    // Several parts of one query.
    "define stream S (a int, b string, c double);
     from S[«a > 'x'» and «nope» == 3]#window.«length('five')»
     select a, «missing», «sum(b)» as t group by «gone» having t > «zz» order by «last»
     limit «-1» insert into O;",
    // What hangs on a fault is not told as one of its own.
    "define stream S (a int, b string);
     from «Nowhere» select x, y + 1 as z group by w insert into O;
     from O select x insert into P;
     from P[x > 3]#window.length(2) select x insert into Q;
     from S select «nope» as t, a having t > 2 insert into R;
     from R[t > 1] select t insert into T;",
    // A stream function that is not there may have added attributes.
    "define stream S (a int);
     from S#«nope()» select a, added insert into O;
     from O select added insert into P;",
    // Both sides of a join, its condition and what is selected.
    "define stream S (a int);
     define table T (k string, v int);
     from S[«b» > 1]#window.length(1) as l join T as r on l.a == «r.nn» and «l.a == r.k»
     select l.a, «r.zz» as z insert into O;",
    // Every element of a pattern.
    "define stream S (a int);
     from every e1=S[«b» > 1] -> e2=S[a > «e9».a] -> e3=S[«c» == 1]
     select e1.a as p, «e4».a as q insert into O;",
    // A change of a table: what is set, and where.
    "define stream S (a int);
     define table T (k int, v int);
     from S select a as k update T set T.v = «gone», «T.w» = 1 on T.k == «other»;",
    // A partition's key and the queries in it.
    "define stream S (a int);
     partition with («zip» of S) begin
       from S select «b» as c insert into #I;
       from #I select c insert into O;
       from «#J» select a insert into P;
     end;",
    // An aggregation, and a query that asks for it.
    "define stream S (a int, b string);
     define aggregation G from S[«z» > 1] select a, «sum(b)» as s group by «c»
       aggregate by «b2» every sec ... min;
     from S as l join G as g on l.a == g.a within '2024-**-** **:**:**' per 'sec'
     select g.s insert into O;",
    // A window with a name, and a query that reads it.
    "define stream S (a int);
     define window W (a int) «length('x')»;
     define window V (a int) length(«nope»);
     from S select a insert into W;
     from V select a insert into O;
     from «U» select a insert into O;",
];

fn unmarked(marked: &str) -> (String, Vec<&str>) {
    let mut wrong = Vec::new();
    for part in marked.split('«').skip(1) {
        wrong.push(part.split('»').next().unwrap_or_default());
    }
    (marked.replace(['«', '»'], ""), wrong)
}

#[test]
fn all_that_is_wrong_is_found_at_once() {
    for marked in APPS {
        let (text, wrong) = unmarked(marked);
        let problems = App::create(&text, &Options::default()).err().unwrap_or_default();
        let mut found: Vec<_> = problems
            .iter()
            .map(|it| {
                let place = it.span.start as usize..it.span.end as usize;
                (it.span.start, text.get(place).unwrap_or_default())
            })
            .collect();
        found.sort_unstable();
        let found: Vec<_> = found.into_iter().map(|(_, text)| text).collect();
        assert_eq!(found, wrong, "{marked}\n{problems:#?}");
    }
}
