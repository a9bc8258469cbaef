//! `wso2.transport.http`: where the node's own HTTP service listens.

use super::keys::{Keys, Reading, Written};

/// The port of the node's HTTP service, as in the original.
const HTTP_PORT: u16 = 9090;
/// The port of the service for on-demand queries, as in the original.
const STORES_PORT: u16 = 7070;
/// Where it listens when the file does not say: this machine only.
const SAFE_HOST: &str = "127.0.0.1";

/// A listener as written.
#[derive(Debug)]
pub(super) struct RawListener {
    path: String,
    scheme: Option<Written<String>>,
    host: Option<Written<String>>,
    port: Option<Written<i64>>,
}

/// The section as written.
#[derive(Debug, Default)]
pub(super) struct RawTransport {
    listeners: Vec<RawListener>,
}

/// The same, checked: the node's HTTP service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The address it binds.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl RawTransport {
    pub(super) fn read(mut keys: Keys<'_>) -> Self {
        let mut listeners = Vec::new();
        for mut it in keys.sections("listenerConfigurations") {
            listeners.push(RawListener {
                path: it.path.clone(),
                scheme: it.text("scheme"),
                host: it.text("host"),
                port: it.number("port", 1..=65_535),
            });
            it.silent(&["id", "keyStoreFile", "keyStorePassword", "keyStorePass", "certPass"]);
            it.silent(&["keyStoreFilePath", "strictTransportSecurityHeader", "sslProtocol"]);
            it.ignored(
                &["parameters", "bindOnStartup", "socketIdleTimeout", "version"],
                "this build has no use for it",
            );
            it.finish();
        }
        keys.ignored(
            &["transportProperties", "senderConfigurations", "responseFormatter"],
            "sinks have options of their own",
        );
        keys.finish();
        Self { listeners }
    }

    /// The node's HTTP service.
    pub(super) fn check(self, port_offset: u16, cx: &Reading<'_>) -> Listener {
        self.check_with(HTTP_PORT.saturating_add(port_offset), cx)
    }

    /// A service of its own for on-demand queries.
    pub(super) fn check_stores(self, port_offset: u16, cx: &Reading<'_>) -> Listener {
        self.check_with(STORES_PORT.saturating_add(port_offset), cx)
    }

    fn check_with(self, default_port: u16, cx: &Reading<'_>) -> Listener {
        let mut found: Option<Listener> = None;
        for it in self.listeners {
            let scheme = it.scheme.as_ref().map_or("http", |it| it.value.as_str()).to_lowercase();
            if scheme == "https" {
                cx.note(format!("`{}` is ignored: https is not supported yet", it.path));
                continue;
            }
            if let (Some(written), false) = (&it.scheme, scheme == "http") {
                let why = format!("must be `http` or `https`, not `{}`", written.value);
                cx.problem(written.problem(&why));
                continue;
            }
            if found.is_some() {
                cx.note(format!("`{}` is ignored: one http listener is enough", it.path));
                continue;
            }
            found = Some(Listener {
                host: it.host.map_or_else(|| SAFE_HOST.to_owned(), |it| it.value),
                port: it.port.and_then(|it| u16::try_from(it.value).ok()).unwrap_or(default_port),
            });
        }
        found.unwrap_or_else(|| Listener { host: SAFE_HOST.to_owned(), port: default_port })
    }
}
