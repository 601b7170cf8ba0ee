//! `/_local/*`: what the functions have put on the bus and mailed, and the jobs at once instead of on schedule. It shows the
//! links in mail to whoever asks, so it is served by the local stack alone, which nothing but this machine reaches.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde_json::json;
use stockroom_domain::time::Timestamp;
use stockroom_jobs::Job;

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
        .route("/_local/schedules/{name}", {
            let surroundings = Arc::clone(&surroundings);
            post(async move |request: Request| run_job(&surroundings, request).await)
        })
        .fallback(async || refused(StatusCode::NOT_FOUND, ROUTES))
        .method_not_allowed_fallback(async || refused(StatusCode::METHOD_NOT_ALLOWED, ROUTES))
}

const ROUTES: &str = "There are GET /_local/mail, /_local/mail.json and /_local/events.json, and POST \
    /_local/schedules/{cleanup|low-stock|weekly-report}.";

fn refused(status: StatusCode, detail: &str) -> Response<Body> {
    let problem = json!({ "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail });
    answer(status, "application/problem+json", NOTHING, problem.to_string())
}

/// As of when a job is to run: now, unless it is said.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct RunBody {
    time: Option<Timestamp>,
}

/// Runs a job, and answers when it and all it set off is done.
async fn run_job(surroundings: &Surroundings, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(job) = Job::ALL.into_iter().find(|job| job.name() == name) else {
        let names = Job::ALL.map(Job::name).join(", ");
        return refused(StatusCode::NOT_FOUND, &format!("No job is called {name}; there are {names}."));
    };
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let time = match serde_json::from_slice::<RunBody>(if body.is_empty() { b"{}" } else { &body }) {
        Ok(RunBody { time }) => time.unwrap_or_else(|| surroundings.now()),
        Err(error) => {
            let form = "The body may be left out or be {\"time\": \"1998-05-03T00:00:00Z\"}";
            return refused(StatusCode::BAD_REQUEST, &format!("{form}: {error}."));
        }
    };
    match Box::pin(surroundings.run_job(job, time)).await {
        Ok(done) => {
            let done = json!({ "name": name, "time": time, "organizations": done.get("organizations") });
            answer(StatusCode::OK, "application/json", NOTHING, done.to_string())
        }
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
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
