//! The start page, and the pages that links in mail open. They work without JavaScript. Their forms are sent to the
//! function `auth`, so this function never reads a credential.

mod confirm;
mod favicon;
mod favicon_ico;
mod forgot;
mod notice;
mod page;
mod purchase_request;
mod reset;
mod sign_in;
mod start;

use stockroom_api::Routing;

/// The operations of this function.
#[must_use]
pub fn routes<R: Routing>() -> R {
    R::new()
        .page("getStart", "/", start::start)
        .page("getReset", "/reset", reset::reset)
        .page("getConfirm", "/confirm", confirm::confirm)
        .page("getForgot", "/forgot", forgot::forgot)
        .page("getSignIn", "/sign-in", sign_in::sign_in)
        .page("getPurchaseRequestPage", "/purchase-requests/{id}", purchase_request::purchase_request)
        .page("getFavicon", "/favicon.svg", favicon::favicon)
        .page("getFaviconIco", "/favicon.ico", favicon_ico::favicon_ico)
}
