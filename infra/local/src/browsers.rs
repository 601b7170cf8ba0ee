//! Requests that web pages send to this machine: a page of any site can reach a local server.

use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a request names this machine. A page from elsewhere can point its own name at this machine and then read what
/// is served here, but it cannot change the name that its requests carry.
pub(crate) fn names_this_machine(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    Authority::try_from(host.as_bytes()).is_ok_and(|host| is_this_machine(host.host()))
}

/// Whether a page from elsewhere sent a request. It can do so without reading the answer; browsers say where it is from.
pub(crate) fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let is_ours = |origin: &HeaderValue| {
        let origin = Uri::try_from(origin.as_bytes()).ok();
        origin.and_then(|origin| origin.host().map(is_this_machine)).unwrap_or_default()
    };
    headers.get_all(ORIGIN).iter().any(|origin| !is_ours(origin))
        || headers.get_all(SEC_FETCH_SITE).iter().any(|site| site == "cross-site")
}

/// Whether any page sent a request, one of this machine's too.
pub(crate) fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.contains_key(SEC_FETCH_SITE)
}

fn is_this_machine(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]") || name.ends_with(".localhost")
}
