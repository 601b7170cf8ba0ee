//! `GET /sign-in`: explains where and how to sign in.
//!
//! Tests: `tests/api/pages/content.rs`. Publishes no event.

use askama::Template;
use stockroom_api::ApiError;

use crate::{
    notice::Notice,
    page::{Page, PageRequest, STYLE},
};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn<'a> {
    base: &'a str,
    style: &'a str,
    notice: Option<Notice>,
    tenant: Option<&'a str>,
    has_docs: bool,
}

pub(crate) async fn sign_in(request: PageRequest) -> Result<Page, ApiError> {
    Page::of(&SignIn {
        base: &request.base,
        style: STYLE,
        notice: Notice::of(&request),
        tenant: request.tenant(),
        has_docs: request.has_docs(),
    })
}
