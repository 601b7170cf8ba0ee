//! Which tenant a request names: in `x-tenant-id`, or by the host's subdomain. Forwarded headers are never read.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header::HOST, request::Parts};

use stockroom_domain::organization::Subdomain;

use crate::{app::App, problem::ApiError};

const HEADER: &str = "x-tenant-id";

/// Knows the domain whose subdomains are tenants.
#[derive(Debug)]
pub(crate) struct Tenants {
    base_domain: Option<String>,
}

impl Tenants {
    pub(crate) fn new(base_domain: Option<String>) -> Self {
        Self { base_domain: base_domain.map(|domain| domain.trim_matches('.').to_ascii_lowercase()) }
    }

    /// The tenant that a request names, if it names one.
    pub(crate) fn named(&self, headers: &HeaderMap) -> Result<Option<String>, ApiError> {
        let mut in_headers = headers.get_all(HEADER).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let in_header = in_headers.next().map(|tenant| tenant.trim().to_ascii_lowercase());
        let in_header = in_header.filter(|tenant| !tenant.is_empty());
        if in_headers.next().is_some() {
            return Err(ApiError::TenantConflict);
        }
        match (in_header, self.in_host(headers)) {
            (Some(header), Some(host)) if header != host => Err(ApiError::TenantConflict),
            (Some(tenant), _) | (None, Some(tenant)) => Ok(Some(tenant)),
            (None, None) => Ok(None),
        }
    }

    fn in_host(&self, headers: &HeaderMap) -> Option<String> {
        let host = headers.get(HOST)?.to_str().ok()?.to_ascii_lowercase();
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _port)| name);
        let tenant = name.strip_suffix(self.base_domain.as_ref()?.as_str())?.strip_suffix('.')?;
        // `api.example.com` is no tenant's: reserved words, like labels of labels, name none.
        tenant.parse::<Subdomain>().is_ok().then(|| tenant.to_owned())
    }
}

/// The tenant that a request names, if it names one.
#[derive(Debug, Clone)]
pub struct NamedTenant(pub Option<String>);

impl FromRequestParts<App> for NamedTenant {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        app.tenants().named(&parts.headers).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_host_must_agree() {
        let tenants = Tenants::new(Some("example.com".to_owned()));
        let named = |header: Option<&str>, host: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            if let Some(header) = header {
                headers.insert(HEADER, header.parse().unwrap());
            }
            headers.insert("x-forwarded-host", "evil.example.com".parse().unwrap());
            tenants.named(&headers).ok()
        };
        assert_eq!(named(None, "ACME.example.com:443"), Some(Some("acme".to_owned())));
        assert_eq!(named(Some("acme"), "acme.example.com"), Some(Some("acme".to_owned())));
        assert_eq!(named(Some("acme"), "api.internal"), Some(Some("acme".to_owned())));
        assert_eq!(named(None, "example.com"), Some(None));
        assert_eq!(named(None, "a.b.example.com"), Some(None));
        assert_eq!(named(Some("acme"), "api.example.com"), Some(Some("acme".to_owned())));
        assert_eq!(named(Some("acme"), "globex.example.com"), None);
    }
}
