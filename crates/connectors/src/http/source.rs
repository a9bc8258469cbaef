//! The HTTP source: its options, and its life from opening its port to closing it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::Uri;

use super::listener::{ListenError, Listeners, Listening, Settings};
use super::pairs::pairs;
use super::tls::Shield;
use crate::problem::Problem;
use crate::source::{Intake, Later, Position, Source, SourceError, SourceSpec, SourceState, Stop};

/// The port of a source that names none, and of one that is encrypted.
const PORT: u16 = 8280;
const TLS_PORT: u16 = 8243;

/// How long to wait before a port that is held is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// The most that may be asked for as `worker.count`.
const WORKERS_MAX: i64 = 10_000;

pub(super) fn build(spec: &SourceSpec<'_>) -> Result<Box<dyn Source>, Problem> {
    if spec.mapper.eq_ignore_ascii_case("passThrough") {
        return Err(Problem::new("the `http` source needs a mapper that reads text or bytes")
            .hint("add `@map(type='json')`"));
    }
    let default = format!("http://0.0.0.0:{PORT}/{}/{}", spec.stream.app, spec.stream.stream);
    let url = spec.options.get("receiver.url").unwrap_or(&default);
    let place = Place::parse(url)?;
    let workers = spec.options.number("worker.count")?.unwrap_or(1);
    if !(1..=WORKERS_MAX).contains(&workers) {
        return Err(Problem::new(format!("`worker.count` of the `http` source is {workers}"))
            .hint("write a number from 1 to 10000; 1 keeps requests in order"));
    }
    let shield = if place.tls { Some(Arc::new(Shield::of(spec.options)?)) } else { None };
    let mut settings = Settings {
        shield,
        properties: spec.properties.to_vec(),
        binary: spec.mapper.eq_ignore_ascii_case("binary"),
        authenticated: spec.options.flag("basic.auth.enabled"),
        doorkeeper: spec.site.doorkeeper.clone(),
        body_max_bytes: positive(spec, "max.body.bytes")?,
        too_large_status: None,
        idle_ms: positive(spec, "socket.idle.timeout")?,
        workers: usize::try_from(workers).unwrap_or(1),
    };
    if let Some(list) = spec.options.get("request.size.validation.configurations") {
        limit_size(list, &mut settings)?;
    }
    let listeners = Arc::clone(&spec.site.listeners);
    listeners.expect(place.port, &place.path);
    Ok(Box::new(HttpSource { place, settings: Arc::new(settings), listeners }))
}

fn positive(spec: &SourceSpec<'_>, name: &str) -> Result<u64, Problem> {
    let number = spec.options.number(name)?.unwrap_or(0);
    u64::try_from(number).ok().filter(|it| *it > 0).ok_or_else(|| {
        Problem::new(format!("`{name}` of the `http` source is {number}"))
            .hint("write a number above 0")
    })
}

/// Applies the original's own way to limit a body.
fn limit_size(list: &str, settings: &mut Settings) -> Result<(), Problem> {
    let pairs = pairs(list).map_err(|entry| {
        Problem::new(format!("`request.size.validation.configurations` holds `{entry}`"))
            .hint("write `'name:value','name:value'`")
    })?;
    let value = |name: &str| {
        let name = format!("request.size.validation.{name}");
        pairs.iter().find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    if let Some(limit) = value("maximum.value").and_then(|it| it.parse().ok()) {
        settings.body_max_bytes = limit;
    }
    settings.too_large_status = value("reject.status.code").and_then(|it| it.parse().ok());
    Ok(())
}

/// Where a source listens.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    tls: bool,
    host: String,
    port: u16,
    path: String,
}

impl Place {
    fn parse(url: &str) -> Result<Self, Problem> {
        let bad = |what: &str| {
            Problem::new(format!("`receiver.url` of the `http` source, `{url}`, {what}"))
                .hint("write a URL such as `http://0.0.0.0:8006/orders`")
        };
        let uri: Uri = url.trim().parse().map_err(|_| bad("is not a URL"))?;
        let tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            Some(_) | None => return Err(bad("does not start with `http://` or `https://`")),
        };
        let host = uri.host().ok_or_else(|| bad("names no host"))?;
        Ok(Self {
            tls,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: uri.port_u16().unwrap_or(if tls { TLS_PORT } else { PORT }),
            path: uri.path().to_owned(),
        })
    }

    async fn address(&self) -> std::io::Result<SocketAddr> {
        let mut found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        found.next().ok_or_else(|| std::io::Error::other("the name has no address"))
    }
}

struct HttpSource {
    place: Place,
    settings: Arc<Settings>,
    listeners: Arc<Listeners>,
}

impl Drop for HttpSource {
    fn drop(&mut self) {
        self.listeners.forget(self.place.port, &self.place.path);
    }
}

impl Source for HttpSource {
    fn run<'a>(
        &'a self,
        intake: Intake,
        _from: Option<Position>,
        mut stop: Stop,
    ) -> Later<'a, Result<(), SourceError>> {
        Box::pin(async move {
            let listening = tokio::select! {
                listening = self.listen(&intake) => Some(listening?),
                () = stop.wait() => None,
            };
            if let Some(listening) = listening {
                let scheme = if self.place.tls { "https" } else { "http" };
                let at = format!("{scheme}://{}{}", listening.address(), self.place.path);
                intake.state(SourceState::Open { at });
                stop.wait().await;
                listening.end().await;
            }
            intake.state(SourceState::Closed);
            Ok(())
        })
    }
}

impl HttpSource {
    /// Opens the port, as often as it takes.
    async fn listen(&self, intake: &Intake) -> Result<Listening, SourceError> {
        let mut told = None;
        loop {
            let cause = match self.place.address().await {
                Err(cause) => cause,
                Ok(address) => {
                    let settings = Arc::clone(&self.settings);
                    let path = &self.place.path;
                    let asked =
                        self.listeners.listen(address, path, settings, intake.clone()).await;
                    match asked {
                        Ok(listening) => return Ok(listening),
                        Err(ListenError::Closed(cause)) => cause,
                        Err(ListenError::Unlike) => {
                            let Place { host, port, .. } = &self.place;
                            let reason = format!(
                                "other sources of {host}:{port} are encrypted otherwise: one \
                                 port has one certificate, or none"
                            );
                            return Err(SourceError::Unusable { reason });
                        }
                        Err(ListenError::Taken) => {
                            let place = format!("{}:{}{path}", self.place.host, self.place.port);
                            return Err(SourceError::Taken { place });
                        }
                    }
                }
            };
            let Place { host, port, .. } = &self.place;
            let cause = format!("could not listen at {host}:{port}: {cause}");
            if told.as_ref() != Some(&cause) {
                intake.state(SourceState::Retrying { cause: cause.clone(), after: RETRY });
                told = Some(cause);
            }
            tokio::time::sleep(RETRY).await;
        }
    }
}
