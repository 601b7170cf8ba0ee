//! `/_local/*`: what the functions have put on the bus and mailed. It shows the links in mail to whoever asks, so it is
//! served by the local stack alone, which nothing but this machine reaches.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::get;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::surroundings::Surroundings;

/// The mailbox has styles of its own and shows mail of this origin in frames; nothing else is loaded, sent or run.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A mail has its styles and is a stranger to this origin.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox";
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// The routes before these surroundings. Each shows all that was done before it was asked.
pub fn router(surroundings: Arc<Surroundings>) -> Router {
    let route = |show: fn(&Surroundings, &str) -> Response<Body>| {
        let surroundings = Arc::clone(&surroundings);
        get(async move |request: Request| {
            if let Err(error) = surroundings.settle().await {
                tracing::warn!(%error, "the table's stream could not be followed");
            }
            show(&surroundings, request.uri().path())
        })
    };
    Router::new()
        .route("/_local/mail", route(mail_page))
        .route("/_local/mail/{id}", route(mail))
        .route("/_local/mail.json", route(mails))
        .route("/_local/events.json", route(events))
}

fn mail_page(surroundings: &Surroundings, _: &str) -> Response<Body> {
    match surroundings.mailbox().page() {
        Ok(page) => answer(StatusCode::OK, "text/html; charset=utf-8", PAGE_POLICY, page),
        Err(error) => {
            answer(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", NOTHING, error.to_string())
        }
    }
}

fn mail(surroundings: &Surroundings, path: &str) -> Response<Body> {
    match surroundings.mailbox().mail(path.rsplit('/').next().unwrap_or_default()) {
        Some(mail) => answer(StatusCode::OK, "text/html; charset=utf-8", MAIL_POLICY, mail.html),
        None => answer(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", NOTHING, "no such mail".to_owned()),
    }
}

fn mails(surroundings: &Surroundings, _: &str) -> Response<Body> {
    let items = json!({ "items": surroundings.mailbox().mails() });
    answer(StatusCode::OK, "application/json", NOTHING, items.to_string())
}

fn events(surroundings: &Surroundings, _: &str) -> Response<Body> {
    let items = json!({ "items": surroundings.bus().seen() });
    answer(StatusCode::OK, "application/json", NOTHING, items.to_string())
}

fn answer(status: StatusCode, content_type: &'static str, policy: &'static str, body: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, policy),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    answer.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    answer
}
