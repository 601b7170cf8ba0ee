//! Checks of requests that web pages send. A page of any site can reach a server of this machine.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the host of a request is a loopback name. A page of another site can make its own name resolve to this
/// machine, but it cannot change the `Host` of its requests.
pub(crate) fn has_loopback_host(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    Authority::try_from(host.as_bytes()).is_ok_and(|host| is_loopback_name(host.host()))
}

/// Whether a page of another host sent a request; pages of other ports of this machine are allowed. Browsers name the
/// origin, and also send requests whose answer the page cannot read.
pub(crate) fn is_cross_origin(headers: &HeaderMap) -> bool {
    let is_ours = |origin: &HeaderValue| {
        let origin = Uri::try_from(origin.as_bytes()).ok();
        origin.and_then(|origin| origin.host().map(is_loopback_name)).unwrap_or_default()
    };
    headers.get_all(ORIGIN).iter().any(|origin| !is_ours(origin))
        || headers.get_all(SEC_FETCH_SITE).iter().any(|site| site == "cross-site")
}

/// Whether any page sent a request, including pages of this machine.
pub(crate) fn is_from_web_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key(SEC_FETCH_SITE)
}

fn is_loopback_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost")
}
