//! The tenant that a request names: in `x-tenant-id`, by the host's subdomain, or, at the token endpoint, as the OAuth
//! 2 client. Two different names are refused in any combination. Forwarded headers are never read.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, HOST},
};
use percent_encoding::percent_decode_str;
use stockroom_domain::organization::Subdomain;

use crate::problem::ApiError;

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
        if headers.get_all(HOST).iter().nth(1).is_some() {
            return Err(ApiError::TenantConflict);
        }
        agreed([in_header, self.in_host(headers)])
    }

    fn in_host(&self, headers: &HeaderMap) -> Option<String> {
        let host = headers.get(HOST)?.to_str().ok()?.to_ascii_lowercase();
        let name = host.rsplit_once(':').map_or(host.as_str(), |(name, _port)| name);
        // A trailing dot makes the same name absolute.
        let tenant = name.strip_suffix('.').unwrap_or(name);
        let tenant = tenant.strip_suffix(self.base_domain.as_ref()?.as_str())?.strip_suffix('.')?;
        // `api.example.com` names no tenant: reserved words and several labels are ignored.
        tenant.parse::<Subdomain>().is_ok().then(|| tenant.to_owned())
    }
}

/// The one tenant of several names; `None` without a name.
///
/// # Errors
/// [`ApiError::TenantConflict`] when two differ.
pub fn agreed(names: impl IntoIterator<Item = Option<String>>) -> Result<Option<String>, ApiError> {
    let mut names = names.into_iter().flatten();
    let first = names.next();
    if names.all(|name| Some(&name) == first.as_ref()) { Ok(first) } else { Err(ApiError::TenantConflict) }
}

/// The client in `Authorization: Basic` (RFC 6749, 2.3.1), which is the tenant. Its secret is ignored, because tenants
/// have none. The `headers` crate is not used: it neither decodes the form encoding of a client nor notices a second
/// header.
///
/// # Errors
/// [`ApiError::TenantConflict`] when there are several such headers; [`ApiError::InvalidCredentialsHeader`] when the
/// credentials cannot be decoded.
pub fn basic_client(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next();
    if values.next().is_some() {
        return Err(ApiError::TenantConflict);
    }
    let Some(value) = value.map(HeaderValue::as_bytes) else { return Ok(None) };
    let (scheme, credentials) = value.split_at(value.iter().position(|byte| *byte == b' ').unwrap_or(value.len()));
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return Ok(None);
    }
    decoded_client(credentials).ok_or(ApiError::InvalidCredentialsHeader).map(|client| client_name(&client))
}

/// The name in credentials of HTTP Basic.
fn decoded_client(credentials: &[u8]) -> Option<String> {
    let decoded = STANDARD.decode(credentials.trim_ascii()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (client, _secret) = text.split_once(':')?;
    // Clients form-encode both name and secret.
    let client = client.replace('+', " ");
    percent_decode_str(&client).decode_utf8().ok().map(Into::into)
}

/// The tenant with the name of a client; `None` for an empty one.
#[must_use]
pub fn client_name(client: &str) -> Option<String> {
    Some(client.trim().to_ascii_lowercase()).filter(|client| !client.is_empty())
}

/// The tenant that a request names, if it names one.
#[derive(Debug, Clone)]
pub struct NamedTenant(pub Option<String>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_of_differing_header_and_host_is_a_conflict() {
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
        assert_eq!(named(None, "acme.example.com."), Some(Some("acme".to_owned())));
        assert_eq!(named(None, "acme.example.com.:443"), Some(Some("acme".to_owned())));
        assert_eq!(named(None, "acme.example.com.."), Some(None));
        assert_eq!(named(Some("globex"), "acme.example.com."), None);
        assert_eq!(named(Some("acme"), "acme.example.com"), Some(Some("acme".to_owned())));
        assert_eq!(named(Some("acme"), "api.internal"), Some(Some("acme".to_owned())));
        assert_eq!(named(None, "example.com"), Some(None));
        assert_eq!(named(None, "a.b.example.com"), Some(None));
        assert_eq!(named(Some("acme"), "api.example.com"), Some(Some("acme".to_owned())));
        assert_eq!(named(Some("acme"), "globex.example.com"), None);
    }
    #[test]
    fn client_in_http_basic_is_decoded_by_rfc_6749() {
        let client = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, format!("Basic {}", STANDARD.encode(text)).parse().unwrap());
            basic_client(&headers).ok()
        };
        for named in ["acme:", "ACME:secret", "ac%6De:", "+acme+:", "%61%63%6d%65:a:b"] {
            assert_eq!(client(named).flatten().as_deref(), Some("acme"), "{named}");
        }
        assert_eq!(client(":"), Some(None));
        for malformed in ["", "acme", "%ff:"] {
            assert_eq!(client(malformed), None, "{malformed}");
        }
    }
}
