//! `GET /reset`: shows the form that sets a password. Links of invitations and resets open this page.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use askama::Template;
use stockroom_api::ApiError;

use crate::{
    notice::Notice,
    page::{Page, PageRequest, STYLE},
};

#[derive(Template)]
#[template(path = "reset.html")]
struct Reset<'a> {
    base: &'a str,
    style: &'a str,
    notice: Option<Notice>,
    /// `None` if the link cannot work.
    token: Option<&'a str>,
}

pub(crate) async fn reset(request: PageRequest) -> Result<Page, ApiError> {
    let (notice, token) = Notice::of_link(&request);
    Page::of(&Reset { base: &request.base, style: STYLE, notice, token })
}
