//! Problems as people read them, several in one text: `UPDATE_EXPECT=1` writes the golden anew.

use expect_test::expect_file;
use weir_query::{parse_app, render_problems, substitute_variables};

const TEXT: &str = r#"@app:name('Broken')
define stream S (a int, b strin);
define stream #X (a int);
define stream T (a int, a long)
define trigger T at 5 sec;
from S[a > -b] select a insert into O;
from S[a == 99999999999] select a insert into O;
from S select a, a + 1 insert into O;
from S outer join T on S.a == T.a select * insert into O;
from e1=S -> not T select a insert into O;
from e1=S*, T -> S select a insert into O;
from S#window.length(5)#window.time(5 sec) select * insert into O;
from S[b == 'it"s] select a insert into O;
from S[a is not null] select a insert into O;
from S select a group by sum(a) insert into O;
from S select a limit a insert into O;
from S select a insert O;
from S[a > 5 sec 1 min] insert into O;
partition with (a of S) begin from S select ; from S insert into O; end;
define stream Late (a int);
define aggregation A from S select a aggregate every week;
"#;

#[test]
fn each_broken_statement_has_its_own_problem() {
    let (app, problems) = parse_app(TEXT);
    assert_eq!(app.name(), Some("Broken"));
    expect_file!["problems.txt"].assert_eq(&render_problems("broken.siddhi", TEXT, &problems));
}

#[test]
fn a_variable_without_a_value_is_named() {
    let text = "define stream ${NAME} (a ${TYPE});";
    let (out, problems) =
        substitute_variables(text, &|name| (name == "NAME").then(|| "S".to_owned()));
    assert_eq!(out, "define stream S (a ${TYPE});");
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].span.of(text), "${TYPE}");
}
