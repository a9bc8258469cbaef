//! Apps that do not run beside apps that do.

use expect_test::expect;

use crate::home::Homes;
use crate::process::Node;

const GOOD: &str = "@app:name('Good')\ndefine stream In (price double);\n";
const BROKEN: &str = "@app:name('Broken')
define stream In (symbol string, price double);
from In[price > 'dear'] select symbol insert into Out;
from Inn select symbol insert into Out;
";
const NO_SUCH_SOURCE: &str = "@app:name('Source')
@source(type='htp', receiver.url='http://127.0.0.1:1/in', @map(type='json'))
define stream In (symbol string);
";

#[test]
fn a_broken_app_is_told_at_its_place_and_does_not_stop_the_others() {
    let homes = Homes::new();
    let home = homes.home("a", GOOD);
    home.app("Broken.siddhi", BROKEN);
    home.app("Source.siddhi", NO_SUCH_SOURCE);
    let mut node = Node::start(&home).active();
    let status = node.status(|it| it["role"] == "active");
    let failed = |name: &str| {
        let apps = status["apps"].as_array().unwrap();
        let app = apps.iter().find(|it| it["name"] == name).unwrap();
        app["failed"].as_str().map(str::to_owned)
    };
    assert_eq!(failed("Good"), None);
    expect![[r#"
        error[type]: `>` cannot compare `double` with `string`
         --> Broken.siddhi:3:9
          |
        3 | from In[price > 'dear'] select symbol insert into Out;
          |         ^^^^^^^^^^^^^^

        error[unknown-stream]: no stream, table, window or aggregation `Inn` is defined
         --> Broken.siddhi:4:6
          |
        4 | from Inn select symbol insert into Out;
          |      ^^^
        hint: did you mean `In`
    "#]]
    .assert_eq(&failed("Broken").unwrap());
    expect![[r#"
        error: `@source` of `In`: there is no source called `htp`
        hint: this build has `file`, `http`, `inMemory`"#]]
    .assert_eq(&failed("Source").unwrap());
    let (code, log) = node.stop();
    assert_eq!(code, 0);
    assert!(log.contains("ERROR"), "{log}");
    assert!(log.contains("Broken.siddhi:3:9"), "{log}");
}
