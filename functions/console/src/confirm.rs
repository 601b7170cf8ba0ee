//! `GET /confirm`: shows the form that confirms an e-mail address. Opening the page confirms nothing, because mail
//! programs open links automatically.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use askama::Template;
use stockroom_api::ApiError;

use crate::{
    notice::Notice,
    page::{Page, PageRequest, STYLE},
};

#[derive(Template)]
#[template(path = "confirm.html")]
struct Confirm<'a> {
    base: &'a str,
    style: &'a str,
    notice: Option<Notice>,
    /// `None` if the link cannot work.
    token: Option<&'a str>,
}

pub(crate) async fn confirm(request: PageRequest) -> Result<Page, ApiError> {
    let (notice, token) = Notice::of_link(&request);
    Page::of(&Confirm { base: &request.base, style: STYLE, notice, token })
}
