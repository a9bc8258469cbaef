//! A configuration file in, values or rendered problems out.

use std::path::Path;
use std::time::Duration;

use expect_test::{ExpectFile, expect_file};

use super::{ConfigError, Deployment, Home, Surroundings};

fn parse(text: &str) -> Result<Deployment, ConfigError> {
    let home = Home::at(Path::new("/opt/weir"));
    let mut from = Surroundings::default();
    from.sys.extend(home.properties());
    from.env.insert("NODE_ID".into(), "node-b".into());
    from.env.insert("HTTP_PORT".into(), "9191".into());
    Deployment::parse(text, Path::new("conf/server/deployment.yaml"), &home, &from)
}

fn good(text: &str) -> Deployment {
    parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn refused(text: &str, expected: ExpectFile) {
    let error = match parse(text) {
        Ok(deployment) => panic!("was taken: {deployment:#?}"),
        Err(error) => error.to_string(),
    };
    expected.assert_eq(&error);
}

const PAIR: &str = "
wso2.carbon:
  id: ${env:NODE_ID}
  name: WSO2 Streaming Integrator
  type: wso2-si
  ports:
    offset: 0
wso2.transport.http:
  transportProperties:
    - name: server.bootstrap.socket.timeout
      value: 60
  listenerConfigurations:
    - id: default
      host: 0.0.0.0
      port: ${env:HTTP_PORT,9090}
    - id: msf4j-https
      host: 0.0.0.0
      port: 9443
      scheme: https
      keyStoreFile: ${carbon.home}/resources/security/wso2carbon.jks
      keyStorePassword: wso2carbon
      certPass: wso2carbon
cluster.config:
  enabled: true
  groupId: si
  coordinationStrategyClass: org.wso2.carbon.cluster.coordinator.rdbms.RDBMSCoordinationStrategy
  strategyConfig:
    datasource: WSO2_CLUSTER_DB
    heartbeatInterval: 3000
    heartbeatMaxRetry: 3
    eventPollingInterval: 3000
deployment.config:
  type: HA
  passiveNodeDetailsWaitTimeOutMillis: 300000
  passiveNodeDetailsRetrySleepTimeMillis: 500
  eventByteBufferQueueCapacity: 20000
  byteBufferExtractorThreadPoolSize: 5
  eventSyncServer:
    host: 0.0.0.0
    port: 9893
    advertisedHost: 10.0.0.7
    advertisedPort: 0
    bossThreads: 10
    workerThreads: 10
  eventSyncClientPool:
    maxActive: 10
state.persistence:
  enabled: true
  intervalInMin: 5
  revisionsToKeep: 2
  persistenceStore: org.wso2.carbon.streaming.integrator.core.persistence.DBPersistenceStore
  config:
    datasource: PERSISTENCE_DB
    table: PERSISTENCE_TABLE
wso2.datasources:
  dataSources:
    - name: WSO2_CLUSTER_DB
      description: The cluster
      definition:
        type: RDBMS
        configuration:
          jdbcUrl: >-
            jdbc:h2:${sys:carbon.home}/wso2/${sys:wso2.runtime}/database/CLUSTER;AUTO_SERVER=TRUE
          username: wso2carbon
          password: wso2carbon
          driverClassName: org.h2.Driver
          maxPoolSize: 50
          idleTimeout: 60000
          connectionTestQuery: SELECT 1
          validationTimeout: 30000
          isAutoCommit: false
    - name: PERSISTENCE_DB
      definition:
        configuration:
          jdbcUrl: jdbc:sqlite:/var/lib/weir/state.db
    - name: WSO2_METRICS_DB
      definition:
        configuration:
          jdbcUrl: jdbc:mysql://user:secret@db/metrics
auth.configs:
  type: local
siddhi:
  properties:
    aggTimeZone: Asia/Colombo
  refs:
    - ref:
        name: orders
        type: http
        properties:
          publisher.url: http://${env:NODE_ID}/orders
";

#[test]
fn a_file_as_users_of_the_original_have_it_is_understood() {
    let pair = good(PAIR);
    assert_eq!((pair.carbon.id.as_str(), pair.http.port), ("node-b", 9191));
    assert_eq!(pair.siddhi.property("aggTimeZone"), Some("Asia/Colombo"));
    assert_eq!(pair.siddhi.property("shardId"), Some("node-b"), "the node's name, unless written");
    let url = ("publisher.url".to_owned(), "http://node-b/orders".to_owned());
    assert_eq!(pair.siddhi.refs[0].options, [("type".to_owned(), "http".to_owned()), url]);
    let (cluster, ha) = pair.pair.unwrap();
    assert_eq!(cluster.lease, Duration::from_secs(9));
    assert_eq!(cluster.renewal, Duration::from_millis(2250));
    assert_eq!((ha.advertised_host.as_str(), ha.advertised_port), ("10.0.0.7", 9893));
    assert_eq!(pair.persistence.interval, Duration::from_secs(300));
    assert_eq!(pair.persistence.place.file(), Some(Path::new("/var/lib/weir/state.db")));
    assert_eq!(pair.persistence.table, "PERSISTENCE_TABLE_WEIR");
    let here = |path: &Path| path.ends_with("CLUSTER.sqlite");
    assert!(cluster.datasource.place.file().is_some_and(here), "{:?}", cluster.datasource);
    expect_file!["goldens/notes.txt"].assert_eq(&pair.notes.join("\n"));
}

#[test]
fn without_a_file_a_node_runs_alone_and_listens_to_this_machine_only() {
    let home = Home::at(Path::new("home"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deployment.yaml");
    let alone = Deployment::load(&file, &home, &Surroundings::default()).unwrap();
    assert_eq!(alone.pair, None);
    assert_eq!((alone.http.host.as_str(), alone.http.port), ("127.0.0.1", 9090));
    assert_eq!(alone.notes.len(), 1);
    assert!(alone.notes[0].ends_with("this node runs alone, with defaults"));
}

#[test]
fn the_offset_moves_the_ports_that_the_file_does_not_give() {
    let moved = good("wso2.carbon: {ports: {offset: 3}}\n");
    assert_eq!(moved.http.port, 9093);
}

#[test]
fn half_a_pair_is_none_and_says_so() {
    let text = PAIR.replace("type: HA", "type:");
    assert!(good(&text).notes.iter().any(|it| it.contains("without `deployment.config.type: ha`")));
    let text = PAIR.replace("enabled: true\n  groupId", "enabled: false\n  groupId");
    let alone = good(&text);
    assert_eq!(alone.pair, None);
    assert!(alone.notes.iter().any(|it| it.contains("without `cluster.config.enabled: true`")));
}

#[test]
fn a_misspelt_key_is_named_with_its_place_and_its_likeness() {
    refused(
        "cluster.config:\n  enabled: true\n  grupId: si\n  colour: red\n",
        expect_file!["goldens/a_misspelt_key_is_named_with_its_place_and_its_likeness_1.txt"],
    );
}

#[test]
fn a_misspelt_section_of_ours_is_named() {
    refused(
        "cluster.confg:\n  enabled: true\n",
        expect_file!["goldens/a_misspelt_section_of_ours_is_named_1.txt"],
    );
}

#[test]
fn a_value_of_another_kind_is_refused() {
    refused(
        "wso2.carbon:\n  id: [a]\n  ports:\n    offset: many\ncluster.config:\n  enabled: perhaps\n\
         deployment.config:\n  eventByteBufferQueueCapacity: 0\nstate.persistence: 7\n\
         wso2.datasources:\n  dataSources:\n    name: X\n",
        expect_file!["goldens/a_value_of_another_kind_is_refused_1.txt"],
    );
}

#[test]
fn what_a_pair_needs_is_asked_for() {
    refused(
        "cluster.config:\n  enabled: true\n",
        expect_file!["goldens/what_a_pair_needs_is_asked_for_1.txt"],
    );
    refused(
        &PAIR.replace("datasource: WSO2_CLUSTER_DB", "datasource: WSO2_CLUSTR_DB"),
        expect_file!["goldens/what_a_pair_needs_is_asked_for_2.txt"],
    );
}

#[test]
fn databases_on_servers_are_taken_and_their_secrets_not_shown() {
    let on = |url: &str| {
        PAIR.replace(
            "jdbc:h2:${sys:carbon.home}/wso2/${sys:wso2.runtime}/database/CLUSTER;AUTO_SERVER=TRUE",
            url,
        )
    };
    for (url, name) in [
        ("jdbc:postgresql://db/shop?sslmode=verify-full", "jdbc:postgresql://db:5432/shop"),
        ("jdbc:mysql://a:1,b:2/shop?user=x&password=secret", "jdbc:mysql://a:1,b:2/shop"),
        ("jdbc:mariadb://x:secret@db/shop", "jdbc:mariadb://db:3306/shop"),
    ] {
        let (cluster, _) = good(&on(url)).pair.unwrap();
        let place = cluster.datasource.place;
        assert_eq!((place.file(), place.to_string().as_str()), (None, name));
        let shown = format!("{place:?}");
        assert!(!shown.contains("secret") && shown.contains("user: Some(\"wso2carbon\")"));
    }
}

#[test]
fn other_databases_are_refused_by_name_where_they_are_used() {
    refused(
        &PAIR.replace("jdbc:sqlite:/var/lib/weir/state.db", "jdbc:oracle:thin:@db:1521/state"),
        expect_file!["goldens/other_databases_are_refused_by_name_where_they_are_used_1.txt"],
    );
    refused(
        &PAIR.replace("jdbc:sqlite:/var/lib/weir/state.db", "jdbc:h2:mem:state"),
        expect_file!["goldens/other_databases_are_refused_by_name_where_they_are_used_2.txt"],
    );
    refused(
        &PAIR.replace("jdbc:sqlite:/var/lib/weir/state.db", "sqlite:///state"),
        expect_file!["goldens/other_databases_are_refused_by_name_where_they_are_used_3.txt"],
    );
    refused(
        &PAIR.replace("jdbc:sqlite:/var/lib/weir/state.db", "jdbc:mysql://db:none/state"),
        expect_file!["goldens/other_databases_are_refused_by_name_where_they_are_used_4.txt"],
    );
}

#[test]
fn strategies_and_stores_that_are_not_there_are_refused() {
    refused(
        &PAIR.replace("rdbms.RDBMSCoordinationStrategy", "zookeeper.ZookeeperStrategy"),
        expect_file!["goldens/strategies_and_stores_that_are_not_there_are_refused_1.txt"],
    );
    refused(
        &PAIR.replace("persistence.DBPersistenceStore", "persistence.S3Store"),
        expect_file!["goldens/strategies_and_stores_that_are_not_there_are_refused_2.txt"],
    );
    refused(
        &PAIR.replace("type: HA", "type: distributed"),
        expect_file!["goldens/strategies_and_stores_that_are_not_there_are_refused_3.txt"],
    );
}

#[test]
fn a_name_that_is_not_set_is_named() {
    refused(
        "wso2.carbon:\n  id: ${env:NONE}\n",
        expect_file!["goldens/a_name_that_is_not_set_is_named_1.txt"],
    );
    refused(
        "wso2.carbon:\n  id: ${sec:id}\n",
        expect_file!["goldens/a_name_that_is_not_set_is_named_2.txt"],
    );
}

#[test]
fn text_that_is_not_yaml_is_refused_at_its_place() {
    refused(
        "wso2.carbon:\n  id: 'a\n",
        expect_file!["goldens/text_that_is_not_yaml_is_refused_at_its_place_1.txt"],
    );
    refused(
        "wso2.carbon:\n  id: a\n  id: b\n",
        expect_file!["goldens/text_that_is_not_yaml_is_refused_at_its_place_2.txt"],
    );
    refused(
        "- a\n- b\n",
        expect_file!["goldens/text_that_is_not_yaml_is_refused_at_its_place_3.txt"],
    );
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::at(folder.path());
    let load = |name: &str| {
        let error = Deployment::load(&folder.path().join(name), &home, &Surroundings::default())
            .unwrap_err();
        error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
    };
    std::fs::write(folder.path().join("bytes.yaml"), [b'a', b':', 0xff]).unwrap();
    std::fs::create_dir(folder.path().join("folder.yaml")).unwrap();
    expect_file!["goldens/a_file_that_cannot_be_read_is_refused_1.txt"]
        .assert_eq(&load("bytes.yaml"));
    expect_file!["goldens/a_file_that_cannot_be_read_is_refused_2.txt"]
        .assert_eq(&load("folder.yaml"));
}
