//! Who may ask the node's HTTP services: the users of `auth.configs`.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;

use super::stores::failed;
use crate::config::Auth;

/// The same paths, for those who may ask.
pub(crate) fn guarded(router: Router, auth: Auth) -> Router {
    router.layer(middleware::from_fn_with_state(auth, known))
}

async fn known(State(auth): State<Auth>, request: Request, next: Next) -> Response {
    let login = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if auth.allows(request.uri().path(), login) {
        return next.run(request).await;
    }
    let why = "a name and a password are asked for\nhint: those of `auth.configs`";
    let mut response = failed(StatusCode::UNAUTHORIZED, why);
    let realm = HeaderValue::from_static("Basic realm=\"weir\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
    response
}
