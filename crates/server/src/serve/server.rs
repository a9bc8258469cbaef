//! Puts a node together: configuration, apps, log, databases, group, ports.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use weir_cluster::{
    LeaseStore, NodeId, Pair, PairConfig, PairError, Running, Secret, SyncTls, Timing,
};
use weir_connectors::Site;
use weir_datasource::{
    Database, DatabaseOptions, FileLog, LogOptions, Login, NamedDatabase, SnapshotPlace, StoreError,
};

use crate::config::{Cluster, DatabasePlace, Datasource, Deployment, Home, Surroundings};
use crate::node::{
    Adopted, Command, Conductor, DiskLog, DiskShelf, Group, GroupTables, KeepingStore, Kept, Role,
    Settings, Shelf, SoleTables, StorePlaces, Undelivered, adopt, machine, wait_of,
};

use super::apps;
use super::desk::Desk;
use super::error::StartError;
use super::guard;
use super::health;
use super::metrics;
use super::release;
use super::siddhi_apps::Apps;
use super::stores;

/// How often a node says that it is there.
const ANNOUNCE_EVERY: Duration = Duration::from_secs(1);
/// How many commands may wait for a node.
const COMMANDS_MAX: usize = 16;
/// How many entries a node alone may have under way to its disk.
const UNDER_WAY_MAX: usize = 20_000;

/// What a node is started from.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// Its home.
    pub home: PathBuf,
    /// Its configuration, where it is not at its usual place in the home.
    pub config: Option<PathBuf>,
    /// Its apps, where they are not at their usual place in the home: a folder or one file.
    pub apps: Option<PathBuf>,
    /// Properties for `${sys:NAME}`, beside those every node has.
    pub properties: BTreeMap<String, String>,
}

/// A node at work.
#[derive(Debug)]
pub struct Server {
    commands: mpsc::Sender<Command>,
    role: watch::Receiver<Role>,
    http: SocketAddr,
    conductor: JoinHandle<()>,
    services: Vec<JoinHandle<()>>,
    running: Running,
    farewell: Option<Farewell>,
}

/// What is left to do when a node has stopped.
struct Farewell {
    tables: Arc<GroupTables>,
    node: String,
}

impl std::fmt::Debug for Farewell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Farewell").field("node", &self.node).finish_non_exhaustive()
    }
}

/// A node's way into its group: what happens, what is decided, and the log.
struct Joined {
    pair: Pair<DiskLog>,
    farewell: Option<Farewell>,
}

impl Server {
    /// Starts a node: it answers on its own ports when this returns, and takes its role soon
    /// after.
    ///
    /// # Errors
    ///
    /// What of it cannot be used or opened; nothing runs then.
    pub async fn start(options: ServeOptions) -> Result<Self, StartError> {
        let begun = Instant::now();
        let home = Home::at(&options.home);
        let deployment = configuration(&options, &home)?;
        for note in &deployment.notes {
            tracing::warn!("deployment.yaml: {note}");
        }
        let default_apps = home.apps();
        let place = options.apps.as_deref().unwrap_or(&default_apps);
        let files = apps::read(place, options.apps.is_none())?;
        make_folder(&home.log())?;
        let (log, recovered) = FileLog::open(&home.log(), log_options(&deployment))
            .map_err(|it| StartError::Log(Box::new(it)))?;
        tracing::debug!("opened the log: {recovered:?}");
        let (kept, keeper) = (snapshots(&deployment)?, snapshots(&deployment)?);
        let listener = health::bind(&deployment.http).await?;
        let http = listener.local_addr().map_err(|source| StartError::Http {
            address: format!("{}:{}", deployment.http.host, deployment.http.port),
            source,
        })?;
        let stores_port = match &deployment.stores_http {
            Some(place) => Some(health::bind(place).await?),
            None => None,
        };
        let desk = Desk::open(&home.status_socket());
        let Joined { pair, farewell } = join(&deployment, log).await?;
        if let Some(address) = pair.address {
            tracing::info!("EventSyncServer started in {}:{}", address.ip(), address.port());
        }
        let Pair { input, events, log, running, .. } = pair;
        let shelf = DiskShelf::new(log, kept, keeper, deployment.persistence.revisions);
        let shelf: Arc<dyn Shelf> = Arc::new(shelf);
        let undelivered = undelivered(&deployment)?;
        let (commands, orders) = mpsc::channel(COMMANDS_MAX);
        let group = Group { input, events, shelf };
        let (mut conductor, role) =
            Conductor::new(settings(&deployment, &undelivered), group, orders);
        let apps = apps::check(files, conductor.shared());
        conductor.set_apps(apps.good, apps.broken);
        let gate = conductor.shared().gate.clone();
        if deployment.auth.has_default() {
            tracing::warn!(
                "`admin` with the password of the shipped files may ask: name users of your own \
                 in `auth.configs`"
            );
        }
        let guarded = |router| guard::guarded(router, deployment.auth.clone());
        let stores = guarded(stores::router(commands.clone()));
        let apps = Apps::new(commands.clone()).router();
        let beside = guarded(apps.merge(metrics::router(commands.clone()))).merge(stores.clone());
        let health = health::serve(listener, role.clone(), gate, beside);
        let mut services = vec![tokio::spawn(health)];
        services.extend(stores_port.map(|it| tokio::spawn(stores::serve(it, stores))));
        match desk {
            Ok(desk) => services.push(tokio::spawn(desk.serve(commands.clone(), undelivered))),
            Err(why) => tracing::warn!("`weir status` will not find this node: {why}"),
        }
        let conductor = tokio::spawn(conductor.run());
        tracing::info!("Weir started in {:.3} sec", begun.elapsed().as_secs_f64());
        Ok(Self { commands, role, http, conductor, services, running, farewell })
    }

    /// What the node does, from now on.
    #[must_use]
    pub fn role(&self) -> watch::Receiver<Role> {
        self.role.clone()
    }

    /// Where its own HTTP service listens.
    #[must_use]
    pub fn http(&self) -> SocketAddr {
        self.http
    }

    /// What asks the node to end.
    #[must_use]
    pub fn stopper(&self) -> ServerStopper {
        ServerStopper(self.commands.clone())
    }

    /// Waits until the node has ended.
    ///
    /// # Errors
    ///
    /// When it could not go on.
    pub async fn ended(&mut self) -> Result<(), PairError> {
        // A panic has been logged where it happened.
        drop((&mut self.conductor).await);
        for service in &self.services {
            service.abort();
        }
        let ended = self.running.ended().await;
        if let Some(Farewell { tables, node }) = self.farewell.take() {
            let forgotten = tokio::task::spawn_blocking(move || tables.forget(&node)).await;
            if let Ok(Err(why)) = forgotten {
                tracing::warn!("could not take this node out of the cluster's table: {why}");
            }
        }
        ended
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.conductor.abort();
        for service in &self.services {
            service.abort();
        }
    }
}

/// Asks a node to end.
#[derive(Debug, Clone)]
pub struct ServerStopper(mpsc::Sender<Command>);

impl ServerStopper {
    /// Asks the node to hand over and end; [`Server::ended`] resolves once it has.
    pub async fn stop(&self) {
        // A node that has ended already needs no asking.
        drop(self.0.send(Command::Stop).await);
    }
}

fn configuration(options: &ServeOptions, home: &Home) -> Result<Deployment, StartError> {
    let mut properties = options.properties.clone();
    for (name, value) in home.properties() {
        properties.entry(name).or_insert(value);
    }
    let usual = home.deployment_yaml();
    let file = options.config.as_deref().unwrap_or(&usual);
    let from = Surroundings::of_process(properties);
    Deployment::load(file, home, &from).map_err(StartError::Config)
}

fn make_folder(folder: &Path) -> Result<(), StartError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| StartError::Folder { folder: folder.to_owned(), source })
}

fn log_options(deployment: &Deployment) -> LogOptions {
    // A passive node's log may grow by a frame beyond its limit.
    LogOptions::of_total(deployment.own.log_max_bytes + LOG_ROOM_BYTES)
}

/// What a log has room for above the limit at which sources are pushed back.
const LOG_ROOM_BYTES: u64 = 64 << 20;

fn settings(deployment: &Deployment, undelivered: &Undelivered) -> Settings {
    let pair = deployment.pair.as_ref();
    let places = store_places(deployment);
    Settings {
        node: deployment.carbon.id.clone(),
        build: release::build(),
        group: pair.map(|(cluster, _)| cluster.group.clone()),
        texts: Vec::new(),
        broken: Vec::new(),
        maker: Arc::new(move |app| machine(&app.name, &app.text, &places)),
        site: Site::default(),
        snapshot_every: deployment.own.snapshot_every.unwrap_or(deployment.persistence.interval),
        under_way_max: pair.map_or(UNDER_WAY_MAX, |(_, ha)| ha.queue_capacity),
        standby: deployment.own.standby,
        undelivered: Some(undelivered.clone()),
    }
}

/// The databases that apps may name.
fn store_places(deployment: &Deployment) -> StorePlaces {
    let scope = match &deployment.pair {
        Some((cluster, _)) => &cluster.group,
        None => &deployment.carbon.id,
    };
    let named = |it: &Datasource| {
        let database = match &it.place {
            DatabasePlace::File(file) => {
                let url = format!("jdbc:sqlite:{}", file.display());
                NamedDatabase { url, login: Login::default() }
            }
            DatabasePlace::Server { url, login, .. } => {
                NamedDatabase { url: url.0.clone(), login: login.clone() }
            }
        };
        (it.name.clone(), database)
    };
    StorePlaces {
        named: deployment.datasources.iter().map(named).collect(),
        scope: scope.clone(),
        configured: deployment.siddhi.clone(),
    }
}

fn open(
    what: &'static str,
    place: &DatabasePlace,
    options: DatabaseOptions,
) -> Result<Database, StartError> {
    let opened = match place {
        DatabasePlace::File(file) => {
            Database::open(&format!("jdbc:sqlite:{}", file.display()), options)
        }
        DatabasePlace::Server { url, login, .. } => {
            Database::open_as(&url.0, login.clone(), options)
        }
    };
    opened.map_err(|source| database_error(what, place, source))
}

fn database_error(what: &'static str, place: &DatabasePlace, source: StoreError) -> StartError {
    StartError::Database { what, place: place.clone(), source: Box::new(source) }
}

fn snapshots(deployment: &Deployment) -> Result<Box<dyn weir_datasource::Snapshots>, StartError> {
    let kept = &deployment.persistence;
    if let Some(folder) = kept.place.file().and_then(Path::parent) {
        make_folder(folder)?;
    }
    let scope = match &deployment.pair {
        Some((cluster, _)) => &cluster.group,
        None => &deployment.carbon.id,
    };
    let database = open("persistence", &kept.place, DatabaseOptions::default())?;
    let place = SnapshotPlace { table: kept.table.clone(), scope: scope.clone() };
    database.snapshots(&place).map_err(|source| database_error("persistence", &kept.place, source))
}

/// Where messages are kept that could not be delivered: beside the snapshots.
fn undelivered(deployment: &Deployment) -> Result<Undelivered, StartError> {
    let place = &deployment.persistence.place;
    let scope = match &deployment.pair {
        Some((cluster, _)) => &cluster.group,
        None => &deployment.carbon.id,
    };
    let database = open("persistence", place, DatabaseOptions::default())?;
    let store = database.error_store(scope);
    let store = store.map_err(|source| database_error("persistence", place, source))?;
    Ok(Undelivered::new(store))
}

async fn join(deployment: &Deployment, log: FileLog) -> Result<Joined, StartError> {
    match &deployment.pair {
        Some((cluster, _)) => {
            let tables = Arc::new(group_tables(
                &cluster.group,
                &cluster.datasource.place,
                busy_timeout(cluster),
            )?);
            let config = pair_config(deployment, Timing::new(cluster.lease, cluster.renewal))?;
            let farewell =
                Some(Farewell { tables: Arc::clone(&tables), node: deployment.carbon.id.clone() });
            let pair = start(deployment, config, tables, log).await?;
            Ok(Joined { pair, farewell })
        }
        None => {
            let place = &deployment.persistence.place;
            let tables = group_tables(&deployment.carbon.id, place, DatabaseOptions::default())?;
            let config = pair_config(deployment, Timing::default())?;
            let pair = start(deployment, config, SoleTables::new(tables), log).await?;
            Ok(Joined { pair, farewell: None })
        }
    }
}

/// Starts the pair's driver over the log: where the node keeps it in the database while it is
/// alone, what another one alone has left there is taken over first.
async fn start(
    deployment: &Deployment,
    config: PairConfig,
    store: impl LeaseStore,
    log: FileLog,
) -> Result<Pair<DiskLog>, StartError> {
    if !deployment.own.alone_log_in_database {
        let pair = Pair::start(config, Arc::new(store), DiskLog::new(log, None)).await;
        return pair.map_err(pair_error);
    }
    let place = &deployment.persistence.place;
    let wrong = |source| database_error("persistence", place, source);
    let database = open("persistence", place, DatabaseOptions::default())?;
    let mut table = database.kept_log(&config.group).map_err(wrong)?;
    let (lease, mut node) = (config.timing.lease, config.node.to_string());
    let (mut store, mut log, mut seen) = (store, log, None);
    loop {
        let work = move || {
            let done = adopt(&store, &mut table, &mut log, (&node, &mut seen));
            (done, store, table, log, node, seen)
        };
        let worked = tokio::task::spawn_blocking(work).await;
        let done = worked.map_err(|why| StartError::Adopt(why.to_string()))?;
        let found;
        (found, store, table, log, node, seen) = done;
        match found {
            Ok(Adopted::Wait) => tokio::time::sleep(wait_of(lease)).await,
            Ok(Adopted::Nothing) => break,
            Ok(Adopted::Through(at)) => {
                tracing::info!("took the log over from the database, up to entry {at}");
                break;
            }
            Err(why) => return Err(StartError::Adopt(why.to_string())),
        }
    }
    let kept = Arc::new(Kept::new(log.id(), table));
    let store = Arc::new(KeepingStore::new(store, Arc::clone(&kept)));
    let pair = Pair::start(config, store, DiskLog::new(log, Some(kept))).await;
    pair.map_err(pair_error)
}

/// A renewal that waits for the file longer than this is better tried again.
fn busy_timeout(cluster: &Cluster) -> DatabaseOptions {
    DatabaseOptions { busy_timeout: cluster.renewal.min(cluster.lease / 4) }
}

fn group_tables(
    group: &str,
    place: &DatabasePlace,
    options: DatabaseOptions,
) -> Result<GroupTables, StartError> {
    let wrong = |source| database_error("cluster", place, source);
    let database = open("cluster", place, options)?;
    let lease = database.cluster().map_err(wrong)?;
    let nodes = database.cluster().map_err(wrong)?;
    Ok(GroupTables::new(group, lease, nodes))
}

fn pair_config(deployment: &Deployment, timing: Timing) -> Result<PairConfig, StartError> {
    let ha = deployment.pair.as_ref().map(|(_, ha)| ha);
    let group = match &deployment.pair {
        Some((cluster, _)) => &cluster.group,
        None => &deployment.carbon.id,
    };
    let tls = match &deployment.own.event_sync_tls {
        Some(files) => Some(
            SyncTls::new(&files.certificate, files.key.as_deref(), &files.ca)
                .map_err(StartError::Tls)?,
        ),
        None => None,
    };
    Ok(PairConfig {
        group: group.clone(),
        node: NodeId::new(&deployment.carbon.id),
        build: release::build(),
        alone: ha.is_none(),
        listen_host: ha.map_or_else(String::new, |it| it.host.clone()),
        listen_port: ha.map_or(0, |it| it.port),
        advertised_host: ha.map(|it| it.advertised_host.clone()),
        advertised_port: ha.map(|it| it.advertised_port),
        timing,
        // Without the other node there is no service until it is struck off: that is a short time.
        strike_after: timing.lease / 2,
        announce_every: ANNOUNCE_EVERY.min(timing.renew_every),
        log_bytes_max: deployment.own.log_max_bytes,
        tls,
        secret: deployment.own.event_sync_secret.as_deref().map(Secret::new),
    })
}

fn pair_error(error: PairError) -> StartError {
    StartError::Pair(Box::new(error))
}
