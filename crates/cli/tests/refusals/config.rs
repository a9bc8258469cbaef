//! Configurations that stop the start.

use expect_test::{Expect, expect};

use crate::home::Homes;
use crate::process::refused;

const APP: &str = "define stream In (price double);\n";

#[track_caller]
fn stops(yaml: &str, expected: Expect) {
    let homes = Homes::new();
    let home = homes.home("a", APP);
    home.configure(yaml);
    let (code, said) = refused(&home);
    assert_eq!(code, 1, "{said}");
    expected.assert_eq(&homes.plain(&said));
}

#[test]
fn what_is_misspelt_is_named_with_its_line_and_what_was_meant() {
    stops(
        "wso2.carbon:\n  idd: n3\ncluster.confg:\n  enabled: true\n",
        expect![[r#"
        error: the configuration cannot be used
        error: `idd` is not a key of `wso2.carbon`
         --> HERE/a/conf/server/deployment.yaml:2:3
          |
        2 |   idd: n3
          |   ^^^
        hint: did you mean `id`?

        error: `cluster.confg` is not a section
         --> HERE/a/conf/server/deployment.yaml:3:1
          |
        3 | cluster.confg:
          | ^^^^^^^^^^^^^
        hint: did you mean `cluster.config`?
    "#]],
    );
}

#[test]
fn what_is_no_yaml_is_told_where_it_ends_to_be() {
    stops(
        "wso2.carbon:\n  id: [a\n",
        expect![[r#"
        error: the configuration cannot be used
        error: not YAML: while parsing a flow sequence, expected ',' or ']'
         --> HERE/a/conf/server/deployment.yaml:3:1
        hint: check the indentation and the quotes of this line and the one above
    "#]],
    );
}

#[test]
fn a_database_that_is_not_supported_is_refused_by_name() {
    let homes = Homes::new();
    let home = homes.home("a", APP);
    home.configure(
        "cluster.config:\n  enabled: true\n  groupId: si\n  strategyConfig:\n    datasource: DB\n\
         deployment.config:\n  type: ha\n\
         wso2.datasources:\n  dataSources:\n    - name: DB\n      definition:\n        \
         configuration:\n          jdbcUrl: jdbc:oracle:thin:@db:1521/x\n",
    );
    let (code, said) = refused(&home);
    assert_eq!(code, 1, "{said}");
    for part in ["`oracle` database", "deployment.yaml:13:20", "hint: write `jdbc:"] {
        assert!(said.contains(part), "{part}: {said}");
    }
}
