//! The refresh cookie, and the origin of the page that sends a request. A browser adds both by itself.
//!
//! A page of another site can make a browser send requests here. It cannot read the answers, but a request that sets
//! the cookie would sign its user in to an account of the page's choice, and one that uses the cookie acts for the
//! user. So such requests are accepted only from pages of the API's own origins and of those in `CORS_ORIGINS`.
//! `SameSite=Strict` on the cookie is a second defence, which not every browser supports.

use cookie::Cookie;
use http::{
    HeaderMap, HeaderName,
    header::{COOKIE, HOST, ORIGIN},
};
use stockroom_domain::organization::Subdomain;
use url::{Host, Url};

use crate::problem::ApiError;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const PLAIN_COOKIE: &str = "refresh_token";
const SECURE_COOKIE: &str = "__Secure-refresh_token";

/// Decides which pages may use the cookie, and names it.
#[derive(Debug)]
pub(crate) struct Browsers {
    /// The origin of `PUBLIC_URL`.
    own: Option<String>,
    configured: Vec<String>,
    base_domain: Option<String>,
    is_secure: bool,
}

impl Browsers {
    pub(crate) fn new(public_url: &str, configured: Vec<String>, base_domain: Option<&str>) -> Self {
        let own = Url::parse(public_url).ok().map(|url| url.origin().ascii_serialization());
        Self {
            own,
            configured,
            base_domain: base_domain.map(|domain| domain.trim_matches('.').to_ascii_lowercase()),
            is_secure: public_url.starts_with("https://"),
        }
    }

    /// The name of the cookie. A browser accepts a cookie whose name begins with `__Secure-` over TLS only, so no
    /// attacker on the network can replace it. Local development uses HTTP, where such a name does not work.
    pub(crate) fn cookie_name(&self) -> &'static str {
        if self.is_secure { SECURE_COOKIE } else { PLAIN_COOKIE }
    }

    /// The origin of the page that sends a request.
    pub(crate) fn page(&self, headers: &HeaderMap) -> Page {
        Page { may_use_cookie: self.accepts(headers) }
    }

    /// All cookies of a request that have the name of the refresh token's.
    pub(crate) fn refresh_cookie(&self, headers: &HeaderMap) -> RefreshCookie {
        let name = self.cookie_name();
        let lines = headers.get_all(COOKIE).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let cookies = lines.flat_map(|line| Cookie::split_parse(line.into_owned()).flatten());
        let values = cookies.filter(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned());
        RefreshCookie { name, values: values.collect() }
    }

    /// Whether the page that sends the request may use the cookie. A request without browser headers may.
    fn accepts(&self, headers: &HeaderMap) -> bool {
        let one = |name: &HeaderName| {
            let mut values = headers.get_all(name).iter().map(|value| value.to_str().ok());
            let first = values.next();
            if values.next().is_some() { Some(None) } else { first }
        };
        let host = one(&HOST).flatten();
        let is_accepted_origin = one(&ORIGIN).map(|origin| origin.is_some_and(|origin| self.knows(origin, host)));
        let is_accepted_site = match one(&FETCH_SITE) {
            None | Some(Some("same-origin" | "none")) => true,
            Some(Some("same-site" | "cross-site")) => is_accepted_origin == Some(true),
            Some(_) => false,
        };
        is_accepted_site && is_accepted_origin != Some(false)
    }

    /// Whether an origin is the API's own or a configured one.
    fn knows(&self, origin: &str, host: Option<&str>) -> bool {
        let Some(url) = Url::parse(origin).ok().filter(|url| url.origin().ascii_serialization() == origin) else {
            return false;
        };
        let is_configured = self.own.as_deref() == Some(origin) || self.configured.iter().any(|known| known == origin);
        let has_scheme = url.scheme() == "https" || (url.scheme() == "http" && !self.is_secure);
        is_configured || (has_scheme && (self.is_of_tenant(&url) || is_of_host(&url, host)))
    }

    fn is_of_tenant(&self, url: &Url) -> bool {
        let (Some(Host::Domain(host)), Some(base)) = (url.host(), &self.base_domain) else { return false };
        let tenant = host.strip_suffix(base.as_str()).and_then(|host| host.strip_suffix('.'));
        tenant.is_some_and(|tenant| tenant.parse::<Subdomain>().is_ok())
    }
}

/// Whether the page has the host that the request was sent to.
fn is_of_host(page: &Url, host: Option<&str>) -> bool {
    let asked = host.and_then(|host| Url::parse(&format!("{}://{host}", page.scheme())).ok());
    asked.is_some_and(|asked| asked.origin() == page.origin())
}

/// The origin of the page that sends a request.
#[derive(Debug)]
pub struct Page {
    may_use_cookie: bool,
}

impl Page {
    /// Allows a request to set or use the cookie.
    ///
    /// # Errors
    /// [`ApiError::ForeignOrigin`] when a browser sends it for a page of another origin.
    pub fn may_use_cookie(&self) -> Result<(), ApiError> {
        if self.may_use_cookie { Ok(()) } else { Err(ApiError::ForeignOrigin) }
    }
}

/// The cookie with the refresh token.
#[derive(Debug, Clone)]
pub struct RefreshCookie {
    name: &'static str,
    values: Vec<String>,
}

impl RefreshCookie {
    /// The name of the cookie.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the request has such a cookie.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.values.is_empty()
    }

    /// The token in it. `None` if several cookies have the name: another host of the domain can add one, and the
    /// request does not show which one belongs to the user.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        match self.values.as_slice() {
            [token] => Some(token),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn browsers(public_url: &str) -> Browsers {
        Browsers::new(public_url, vec!["https://app.example.org".to_owned()], Some("example.com"))
    }

    #[test]
    fn knows_accepts_own_and_configured_origins_only() {
        let secure = browsers("https://stock.example.net/prod");
        for own in
            ["https://stock.example.net", "https://app.example.org", "https://acme.example.com", "https://host.example"]
        {
            assert!(secure.knows(own, Some("host.example")), "{own}");
        }
        for foreign in [
            "null",
            "",
            "https://evil.example",
            "http://stock.example.net",
            "http://acme.example.com",
            "http://host.example",
            "https://stock.example.net:8443",
            "https://stock.example.net/",
            "https://STOCK.example.net",
            "https://api.example.com",
            "https://example.com",
            "https://evil-example.com",
            "https://a.b.example.com",
            "https://host.example.evil.example",
            "https://app.example.org.evil.example",
        ] {
            assert!(!secure.knows(foreign, Some("host.example")), "{foreign}");
        }
        let local = browsers("http://localhost:8000");
        for own in ["http://localhost:8000", "http://127.0.0.1:8000", "http://acme.example.com:8000"] {
            assert!(local.knows(own, Some("127.0.0.1:8000")), "{own}");
        }
        assert!(!local.knows("http://127.0.0.1:9000", Some("127.0.0.1:8000")));
        assert!(!local.knows("http://localhost:9000", None));
    }

    #[test]
    fn accept_requires_an_allowed_origin_and_fetch_site() {
        let secure = browsers("https://stock.example.net");
        let accepts = |origin: &[&str], site: &[&str]| {
            let mut headers = HeaderMap::new();
            for (name, values) in [(ORIGIN, origin), (FETCH_SITE, site)] {
                for value in values {
                    headers.append(name.clone(), value.parse().unwrap());
                }
            }
            secure.accepts(&headers)
        };
        let ours = "https://stock.example.net";
        for (origin, site) in [
            (&[][..], &[][..]),
            (&[ours], &[]),
            (&[], &["same-origin"]),
            (&[], &["none"]),
            (&[ours], &["same-origin"]),
            (&[ours], &["same-site"]),
            (&["https://app.example.org"], &["cross-site"]),
        ] {
            assert!(accepts(origin, site), "{origin:?} {site:?}");
        }
        for (origin, site) in [
            (&["null"][..], &[][..]),
            (&["https://evil.example"], &[]),
            (&["https://evil.example"], &["same-origin"]),
            (&["null"], &["same-origin"]),
            (&[], &["cross-site"]),
            (&[], &["same-site"]),
            (&[], &["nonsense"]),
            (&[], &["none", "none"]),
            (&[ours, ours], &[]),
        ] {
            assert!(!accepts(origin, site), "{origin:?} {site:?}");
        }
    }
}
