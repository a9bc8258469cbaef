//! What `http` says about itself.

use super::{sink, source};
use crate::extension::{Build, Extension, Param};

/// The source.
pub(crate) const SOURCE: Extension = Extension {
    name: "http",
    about: "Takes events that are posted to a port of this node; \
            the answer 200 means that they will not be lost.",
    params: &[
        Param::new("basic.auth.enabled", "bool", "Whether a user and a password are asked for.")
            .or("false"),
        Param::new("header.validation.configurations", "list", "Limits of the request's head."),
        Param::new("https.keystore.file", "string", "The certificate and its key: PEM or PKCS#12."),
        Param::new("https.keystore.key.file", "string", "The key, if it is in a PEM file alone."),
        Param::new("https.keystore.password", "string", "The password of a PKCS#12 file."),
        Param::new("https.truststore.file", "string", "Who signs for clients: PEM or PKCS#12."),
        Param::new("https.truststore.password", "string", "Its password."),
        Param::new("max.body.bytes", "int", "The largest body that is taken.").or("16777216"),
        Param::new(
            "receiver.url",
            "string",
            "Where to listen; port 8280 of all addresses if unset.",
        ),
        Param::new(
            "request.size.validation.configurations",
            "list",
            "Limits of the body, and \
                    the answer to one that is larger.",
        ),
        Param::new("server.bootstrap.configurations", "list", "Socket settings; not needed here."),
        Param::new("socket.idle.timeout", "int", "Milliseconds a client may be silent.")
            .or("120000"),
        Param::new("ssl.configurations", "list", "TLS settings; not needed here."),
        Param::new("ssl.protocol", "string", "Not needed here: TLS 1.2 and 1.3."),
        Param::new(
            "ssl.verify.client",
            "string",
            "Whether clients show a certificate: `require` or `optional`.",
        ),
        Param::new("tls.store.type", "string", "Not needed here: the file says what it is."),
        Param::new("trace.log.enabled", "bool", "Whether each request is logged.").or("false"),
        Param::new("worker.count", "int", "Requests that are mapped at a time; 1 keeps order.")
            .or("1"),
    ],
    build: Build::Source(source::build),
};

/// The sink.
pub(crate) const SINK: Extension = Extension {
    name: "http",
    about: "Sends each message as an HTTP request.",
    params: &[
        Param::new("basic.auth.password", "string", "The password for basic authentication."),
        Param::new("basic.auth.username", "string", "The user for basic authentication."),
        Param::new("client.bootstrap.configurations", "list", "Socket settings; not needed here."),
        Param::new("headers", "list", "Headers to send: `'Name:value','Name:value'`.").dynamic(),
        Param::new("hostname.verification.enabled", "bool", "Whether the server's name counts.")
            .or("true"),
        Param::new("https.keystore.file", "string", "What is shown to a server that asks for it."),
        Param::new("https.keystore.key.file", "string", "The key, if it is in a PEM file alone."),
        Param::new("https.keystore.password", "string", "The password of a PKCS#12 file."),
        Param::new(
            "https.truststore.file",
            "string",
            "Who signs for servers, PEM or PKCS#12; the public authorities if unset.",
        ),
        Param::new("https.truststore.password", "string", "Its password."),
        Param::new(
            "max.pool.active.connections",
            "int",
            "Not needed here: one connection a server.",
        ),
        Param::new("method", "string", "The method.").or("POST").dynamic(),
        Param::new("publisher.url", "string", "Where to send.").mandatory().dynamic(),
        Param::new("socket.idle.timeout", "int", "Milliseconds to wait for an answer.").or("30000"),
        Param::new("ssl.configurations", "list", "TLS settings; not needed here."),
        Param::new("ssl.protocol", "string", "Not needed here: TLS 1.2 and 1.3."),
        Param::new("ssl.verification.disabled", "bool", "Whether any server is trusted.")
            .or("false"),
        Param::new("tls.store.type", "string", "Not needed here: the file says what it is."),
    ],
    build: Build::Sink(sink::build),
};
