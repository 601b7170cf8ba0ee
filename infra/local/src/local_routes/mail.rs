//! The mailbox as pages and as JSON.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use http::{HeaderValue, Response, StatusCode, Uri};
use serde_json::json;

use super::{NO_CONTENT_POLICY, answer, settle};
use crate::mailbox::pages::{self, Query};
use crate::services::LocalServices;

/// The pages load their own script and style, and show mails in frames. The policy blocks everything else.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// A mail has inline styles, and links that open in new tabs. `sandbox` has no scripts and no forms. The page reads the
/// height of the mail, so the mail keeps the origin.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'; sandbox allow-same-origin allow-popups allow-popups-to-escape-sandbox";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

type Services = State<Arc<LocalServices>>;

pub(super) fn router(services: Arc<LocalServices>) -> Router {
    Router::new()
        .route("/_local/mail", get(list))
        .route("/_local/mail.json", get(mails))
        .route("/_local/mail/latest.json", get(async |State(services): Services| latest(&services)))
        .route("/_local/mail/{id}", get(mail))
        .route("/_local/mail/{id}/html", get(async |State(services): Services, uri: Uri| html(&services, &uri)))
        .route("/_local/assets/{name}", get(async |uri: Uri| asset(&uri)))
        .with_state(services)
}

async fn list(State(services): Services, uri: Uri) -> Response<Body> {
    settle(&services).await;
    let mails = services.mailbox().mails();
    let names = services.organizations().names_of(&mails).await;
    page(pages::list(&mails, &Query::parse(uri.query()), &names))
}

async fn mail(State(services): Services, uri: Uri) -> Response<Body> {
    settle(&services).await;
    let mails = services.mailbox().mails();
    let names = services.organizations().names_of(&mails).await;
    let id = uri.path().rsplit('/').next().unwrap_or_default();
    pages::mail(&mails, id, &Query::parse(uri.query()), &names).map_or_else(unknown_mail, page)
}

/// A mail as a document of its own, for the frame of its page.
fn html(services: &LocalServices, uri: &Uri) -> Response<Body> {
    let id = uri.path().rsplit('/').nth(1).unwrap_or_default();
    let mail = services.mailbox().mail(id);
    mail.map_or_else(unknown_mail, |mail| answer(StatusCode::OK, HTML, MAIL_POLICY, pages::frame(&mail)))
}

async fn mails(State(services): Services) -> Response<Body> {
    settle(&services).await;
    let items = json!({ "items": services.mailbox().mails() });
    answer(StatusCode::OK, "application/json", NO_CONTENT_POLICY, items.to_string())
}

/// The id of the newest mail. Open pages poll it, so it does not wait for deliveries.
fn latest(services: &LocalServices) -> Response<Body> {
    let latest = json!({ "latest": services.mailbox().latest() });
    answer(StatusCode::OK, "application/json", NO_CONTENT_POLICY, latest.to_string())
}

fn asset(uri: &Uri) -> Response<Body> {
    let (content_type, content) = match uri.path().rsplit('/').next().unwrap_or_default() {
        "mailbox.css" => ("text/css; charset=utf-8", include_str!("../../assets/mailbox.css")),
        "mailbox.js" => ("text/javascript; charset=utf-8", include_str!("../../assets/mailbox.js")),
        "mailbox.svg" => ("image/svg+xml", include_str!("../../assets/mailbox.svg")),
        _ => return answer(StatusCode::NOT_FOUND, TEXT, NO_CONTENT_POLICY, "There is no such file.".to_owned()),
    };
    answer(StatusCode::OK, content_type, NO_CONTENT_POLICY, content.to_owned())
}

fn page(rendered: Result<String, askama::Error>) -> Response<Body> {
    let mut page = match rendered {
        Ok(page) => answer(StatusCode::OK, HTML, PAGE_POLICY, page),
        Err(error) => answer(StatusCode::INTERNAL_SERVER_ERROR, TEXT, NO_CONTENT_POLICY, error.to_string()),
    };
    // A tab that a mail opens cannot navigate the mailbox.
    page.headers_mut().insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    page
}

fn unknown_mail() -> Response<Body> {
    let detail = "There is no such mail. The mailbox keeps the latest 1,000 mails of this run.";
    answer(StatusCode::NOT_FOUND, TEXT, NO_CONTENT_POLICY, detail.to_owned())
}
