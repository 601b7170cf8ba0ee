//! `/_local/*`: shows events and mail, and runs jobs on request. It shows the links in mail without a sign-in, so only
//! the local stack serves it, to requests of this machine.

mod mail;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::routing::{get, post};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde_json::json;
use stockroom_domain::time::Timestamp;
use stockroom_jobs::Job;

use crate::services::LocalServices;

const NO_CONTENT_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// The routes of these services. Pages and lists first deliver the events and mails of earlier requests.
pub fn router(services: Arc<LocalServices>) -> Router {
    let local = Router::new()
        .route("/_local/events.json", get(events))
        .route("/_local/schedules/{name}", post(run_job))
        .with_state(Arc::clone(&services));
    mail::router(services)
        .merge(local)
        .fallback(async || refused(StatusCode::NOT_FOUND, ROUTES))
        .method_not_allowed_fallback(async || refused(StatusCode::METHOD_NOT_ALLOWED, ROUTES))
}

/// Delivers the events and mails of earlier requests.
async fn settle(services: &LocalServices) {
    if let Err(error) = services.settle().await {
        tracing::warn!(%error, "cannot read the table's stream");
    }
}

const ROUTES: &str = "The local routes are GET /_local/mail, /_local/mail/<id>, /_local/mail.json and \
    /_local/events.json, and POST /_local/schedules/{cleanup|low-stock|weekly-report}.";

fn refused(status: StatusCode, detail: &str) -> Response<Body> {
    let problem = json!({ "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail });
    answer(status, "application/problem+json", NO_CONTENT_POLICY, problem.to_string())
}

/// The body of a run: the time as of which the job runs, by default now.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct RunBody {
    time: Option<Timestamp>,
}

/// Runs a job, and answers when the job and all its effects are complete.
async fn run_job(State(services): State<Arc<LocalServices>>, request: Request) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default();
    let Some(job) = Job::ALL.into_iter().find(|job| job.name() == name) else {
        let names = Job::ALL.map(Job::name).join(", ");
        return refused(StatusCode::NOT_FOUND, &format!("There is no job {name}. The jobs are {names}."));
    };
    let body = match request.into_body().collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error.to_string()),
    };
    let time = match serde_json::from_slice::<RunBody>(if body.is_empty() { b"{}" } else { &body }) {
        Ok(RunBody { time }) => time.unwrap_or_else(|| services.now()),
        Err(error) => {
            let form = "The body must be empty or like {\"time\": \"1998-05-03T00:00:00Z\"}";
            return refused(StatusCode::BAD_REQUEST, &format!("{form}: {error}."));
        }
    };
    match Box::pin(services.run_job(job, time)).await {
        Ok(done) => {
            let done = json!({ "name": name, "time": time, "organizations": done.get("organizations") });
            answer(StatusCode::OK, "application/json", NO_CONTENT_POLICY, done.to_string())
        }
        Err(error) => refused(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn events(State(services): State<Arc<LocalServices>>) -> Response<Body> {
    settle(&services).await;
    let items = json!({ "items": services.bus().kept() });
    answer(StatusCode::OK, "application/json", NO_CONTENT_POLICY, items.to_string())
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
