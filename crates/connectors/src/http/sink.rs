//! The HTTP sink: one request a message, in order, over a connection that is kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use weir_event::Value;

use super::pairs::pairs;
use super::tls::{self, Stream};
use crate::annotation::StreamInfo;
use crate::payload::Payload;
use crate::problem::Problem;
use crate::sink::{DeliverError, Outgoing, Setting, Sink, SinkSpec, Undelivered, output_id};
use crate::source::Later;

/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Bytes of an answer that are read; a longer one costs the connection.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// Characters of a refusal that are told.
const REFUSAL_SHOWN_MAX: usize = 200;

/// The header that names an output, so that the receiver can drop a repeated one.
const OUTPUT_ID: HeaderName = HeaderName::from_static("weir-output-id");

pub(super) fn build(spec: &SinkSpec<'_>) -> Result<Box<dyn Sink>, Problem> {
    if spec.mapper.eq_ignore_ascii_case("passThrough") {
        return Err(Problem::new("the `http` sink needs a mapper that writes text or bytes")
            .hint("add `@map(type='json')`"));
    }
    let Some(url) = spec.setting("publisher.url") else {
        return Err(Problem::new("the `http` sink needs the option `publisher.url`"));
    };
    if let Setting::Fixed(url) = &url {
        target(url).map_err(|what| {
            Problem::new(format!("`publisher.url` of the `http` sink, `{url}`, {what}"))
                .hint("write a URL such as `http://orders:8080/in`")
        })?;
    }
    if let Some(Setting::Fixed(method)) = spec.setting("method") {
        Method::from_bytes(method.trim().as_bytes()).map_err(|_| {
            Problem::new(format!("`method` of the `http` sink is `{method}`"))
                .hint("write POST, PUT, GET, DELETE or PATCH")
        })?;
    }
    // One whose URL changes from event to event may lead anywhere.
    let encrypted = match &url {
        Setting::Fixed(url) => target(url).is_ok_and(|it| it.tls),
        Setting::PerEvent(_) => true,
    };
    let trusted = if encrypted { Some(tls::trusted(spec.options)?) } else { None };
    let headers = spec.setting("headers");
    if let Some(Setting::Fixed(headers)) = &headers {
        header_map(headers).map_err(Problem::new)?;
    }
    let user = spec.options.get("basic.auth.username");
    let authorization = match (user, spec.options.get("basic.auth.password")) {
        (Some(user), Some(password)) => Some(basic(user, password)?),
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(Problem::new("the `http` sink has a user or a password, and not both")
                .hint("write both `basic.auth.username` and `basic.auth.password`"));
        }
    };
    let timeout = spec.options.number("socket.idle.timeout")?.unwrap_or(0);
    Ok(Box::new(HttpSink {
        url,
        trusted,
        method: spec.setting("method"),
        headers,
        authorization,
        content_type: content_type(spec.mapper),
        answer_max: Duration::from_millis(u64::try_from(timeout).unwrap_or(0).max(1)),
        stream: spec.stream.clone(),
        connection: None,
    }))
}

fn basic(user: &str, password: &str) -> Result<HeaderValue, Problem> {
    let mut value =
        HeaderValue::from_str(&format!("Basic {}", base64(&format!("{user}:{password}"))))
            .map_err(|_| Problem::new("the user or the password cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(char::from(LETTERS[(bits >> (18 - 6 * place) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn content_type(mapper: &str) -> HeaderValue {
    HeaderValue::from_static(match mapper {
        "json" => "application/json",
        "xml" => "application/xml",
        "keyvalue" => "application/x-www-form-urlencoded",
        "binary" => "application/octet-stream",
        _ => "text/plain",
    })
}

/// A server, and what to ask of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    tls: bool,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

/// Whether it is encrypted, and where it leads.
type Origin = (bool, String);

impl Target {
    fn origin(&self) -> Origin {
        (self.tls, self.authority.clone())
    }
}

fn target(url: &str) -> Result<Target, &'static str> {
    let uri: Uri = url.trim().parse().map_err(|_| "is not a URL")?;
    let tls = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        Some(_) | None => return Err("does not start with `http://` or `https://`"),
    };
    let authority = uri.authority().ok_or("names no host")?;
    let path = uri.path_and_query().map_or("/", |it| it.as_str());
    Ok(Target {
        tls,
        host: authority.host().trim_matches(['[', ']']).to_owned(),
        port: authority.port_u16().unwrap_or(if tls { 443 } else { 80 }),
        authority: authority.as_str().rsplit('@').next().unwrap_or("").to_owned(),
        path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
    })
}

fn header_map(list: &str) -> Result<HeaderMap, String> {
    let bad = |entry: &str| {
        format!("`headers` of the `http` sink holds `{entry}`, which is not `'Name:value'`")
    };
    let mut headers = HeaderMap::new();
    for (name, value) in pairs(list).map_err(bad)? {
        let name = HeaderName::try_from(name.trim()).map_err(|_| bad(name))?;
        let value = HeaderValue::from_str(value.trim()).map_err(|_| bad(value))?;
        headers.append(name, value);
    }
    Ok(headers)
}

struct HttpSink {
    url: Setting,
    /// Whom it trusts, where it may be sent to an `https` address.
    trusted: Option<Arc<ClientConfig>>,
    method: Option<Setting>,
    headers: Option<Setting>,
    authorization: Option<HeaderValue>,
    content_type: HeaderValue,
    answer_max: Duration,
    stream: StreamInfo,
    /// The connection that the last request left open, and where it leads.
    connection: Option<(Origin, SendRequest<Full<Bytes>>)>,
}

impl Sink for HttpSink {
    fn deliver<'a>(&'a mut self, messages: &'a [Outgoing]) -> Later<'a, Result<(), Undelivered>> {
        Box::pin(async move {
            for (delivered, message) in messages.iter().enumerate() {
                let sent = self.send(message).await;
                sent.map_err(|error| Undelivered { delivered, error })?;
            }
            Ok(())
        })
    }
}

impl HttpSink {
    async fn send(&mut self, message: &Outgoing) -> Result<(), DeliverError> {
        let url = self.url.value(message).to_owned();
        let refuse = |reason: String| DeliverError::Refused { endpoint: url.clone(), reason };
        let target = target(&url).map_err(|what| refuse(format!("the URL {what}")))?;
        let request = self.request(message, &target).map_err(refuse)?;
        let kept =
            self.connection.take().filter(|(to, it)| *to == target.origin() && !it.is_closed());
        let answered = match kept {
            Some((_, connection)) => match self.ask(connection, request.clone(), &target).await {
                // The server may have closed a connection that was idle: ask once more on a new
                // one. The output's id lets it drop what it had read after all.
                Err(_) => self.ask_anew(request, &target).await,
                answered => answered,
            },
            None => self.ask_anew(request, &target).await,
        };
        match answered {
            Ok((status, retry_after, body)) => judge(&url, status, retry_after, &body),
            Err(reason) => {
                Err(DeliverError::Unreachable { endpoint: url, reason, retry_after: None })
            }
        }
    }

    fn request(&self, message: &Outgoing, target: &Target) -> Result<Request<Full<Bytes>>, String> {
        let method = self.method.as_ref().map_or("POST", |it| it.value(message));
        let method = Method::from_bytes(method.trim().as_bytes())
            .map_err(|_| format!("`{method}` is not a method"))?;
        let body = if method == Method::GET { Bytes::new() } else { body(&message.payload)? };
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() =
            target.path.parse().map_err(|_| format!("`{}` is not a path", target.path))?;
        let headers = request.headers_mut();
        if let Some(list) = &self.headers {
            *headers = header_map(list.value(message))?;
        }
        let host = HeaderValue::from_str(&target.authority)
            .map_err(|_| format!("`{}` is not a host", target.authority))?;
        headers.entry(HOST).or_insert(host);
        headers.entry(CONTENT_TYPE).or_insert_with(|| self.content_type.clone());
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Ok(id) = HeaderValue::from_str(&output_id(&self.stream, message)) {
            headers.insert(OUTPUT_ID, id);
        }
        Ok(request)
    }

    async fn ask_anew(&mut self, request: Request<Full<Bytes>>, target: &Target) -> Asked {
        let connecting = TcpStream::connect((target.host.as_str(), target.port));
        let stream = match tokio::time::timeout(CONNECT_MAX, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(cause)) => return Err(cause.to_string()),
            Err(_) => return Err("the connection was not made in time".to_owned()),
        };
        stream.set_nodelay(true).ok();
        let stream: Box<dyn Stream> = match (&self.trusted, target.tls) {
            (Some(trusted), true) => {
                let connecting = tls::connect(trusted, &target.host, stream);
                match tokio::time::timeout(CONNECT_MAX, connecting).await {
                    Ok(connected) => connected?,
                    Err(_) => return Err("TLS: there was no answer in time".to_owned()),
                }
            }
            (_, _) => Box::new(stream),
        };
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|cause| cause.to_string())?;
        tokio::spawn(async move {
            if let Err(cause) = connection.await {
                tracing::debug!("a connection of an `http` sink ended: {cause}");
            }
        });
        self.ask(sender, request, target).await
    }

    /// Sends a request and reads the answer whole; the connection is kept if it is still good.
    async fn ask(
        &mut self,
        mut sender: SendRequest<Full<Bytes>>,
        request: Request<Full<Bytes>>,
        target: &Target,
    ) -> Asked {
        let answer = async {
            sender.ready().await?;
            sender.send_request(request).await
        };
        let answer = match tokio::time::timeout(self.answer_max, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(cause)) => return Err(cause.to_string()),
            Err(_) => return Err("there was no answer in time".to_owned()),
        };
        let (status, retry_after) = (answer.status(), retry_after(&answer));
        let body = Limited::new(answer.into_body(), ANSWER_MAX_BYTES).collect();
        let body = match tokio::time::timeout(self.answer_max, body).await {
            Ok(Ok(body)) => body.to_bytes(),
            // The status has come, which is what counts; only the connection is lost.
            Ok(Err(_)) | Err(_) => return Ok((status, retry_after, Bytes::new())),
        };
        self.connection = Some((target.origin(), sender));
        Ok((status, retry_after, body))
    }
}

/// A status, how long to wait before the next try, and the body; or why there was none.
type Asked = Result<(StatusCode, Option<Duration>, Bytes), String>;

fn retry_after<T>(answer: &Response<T>) -> Option<Duration> {
    let seconds = answer.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// What an answer means for the message.
fn judge(
    url: &str,
    status: StatusCode,
    retry_after: Option<Duration>,
    body: &Bytes,
) -> Result<(), DeliverError> {
    if status.is_success() {
        return Ok(());
    }
    let told: String = String::from_utf8_lossy(body).chars().take(REFUSAL_SHOWN_MAX).collect();
    let reason = format!("{status} {told}").trim_end().to_owned();
    let endpoint = url.to_owned();
    let passing = matches!(
        status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    );
    Err(if passing {
        DeliverError::Unreachable { endpoint, reason, retry_after }
    } else {
        DeliverError::Refused { endpoint, reason }
    })
}

fn body(payload: &Payload) -> Result<Bytes, String> {
    match payload {
        Payload::Text(text) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Payload::Bytes(bytes) => Ok(bytes.clone()),
        Payload::Value(Value::Str(text)) => Ok(Bytes::copy_from_slice(text.as_bytes())),
        Payload::Map(entries) => {
            // Each pair is preceded by `&`, the first one too, as in the original.
            let pair = |(key, value): &(weir_event::Text, Value)| {
                format!("&{}={}", url_encoded(key), url_encoded(&value.to_string()))
            };
            Ok(Bytes::from(entries.iter().map(pair).collect::<String>()))
        }
        Payload::Event(_) | Payload::Events(_) | Payload::Value(_) => {
            Err(format!("an HTTP body cannot hold {}", payload.kind()))
        }
    }
}

fn url_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'*' | b'_' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_encoded_as_basic_authentication_asks() {
        assert_eq!(base64("Aladdin:open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(base64("a:b"), "YTpi");
        assert_eq!(base64("a:bc"), "YTpiYw==");
        assert_eq!(base64("a:bcd"), "YTpiY2Q=");
    }

    #[test]
    fn forms_are_encoded_as_java_encodes_them() {
        assert_eq!(url_encoded("a b&c=é~*"), "a+b%26c%3D%C3%A9%7E*");
    }

    #[test]
    fn a_url_is_taken_apart() {
        let target = target("http://[::1]:8080/in?q=1").unwrap();
        assert_eq!((target.host.as_str(), target.port), ("::1", 8080));
        assert_eq!(target.path, "/in?q=1");
        let encrypted = super::target("https://x/").unwrap();
        assert!(encrypted.tls && encrypted.port == 443);
        assert!(super::target("ftp://x/").is_err());
    }
}
