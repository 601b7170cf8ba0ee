//! `GET /forgot`: shows the form that requests a link to set a new password.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use askama::Template;
use stockroom_api::ApiError;

use crate::{
    notice::Notice,
    page::{Page, PageRequest, STYLE},
};

#[derive(Template)]
#[template(path = "forgot.html")]
struct Forgot<'a> {
    base: &'a str,
    style: &'a str,
    notice: Option<Notice>,
    tenant: &'a str,
}

pub(crate) async fn forgot(request: PageRequest) -> Result<Page, ApiError> {
    let tenant = request.tenant().unwrap_or_default();
    Page::of(&Forgot { base: &request.base, style: STYLE, notice: Notice::of(&request), tenant })
}
