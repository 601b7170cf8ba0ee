//! The HTTP client of all AWS clients.

use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::SharedHttpClient, runtime_components::RuntimeComponents};

use crate::dynamo::client::Connection;

/// The five roots of Amazon Trust Services.
///
/// <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// The HTTP client for an AWS service in the connection's region, or at this endpoint. It trusts Amazon's own roots
/// only, because reading all roots of the system takes most of a cold start. `None` where other hosts may answer: the
/// SDK's own client then trusts the roots of the system.
///
/// Proxies come from the environment, as with the SDK. An emulator on plain HTTP is called directly.
#[must_use]
pub fn https_client(connection: &Connection, endpoint: Option<&str>) -> Option<SharedHttpClient> {
    if !is_amazon(connection, endpoint) {
        return None;
    }
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    let context = TlsContext::builder().with_trust_store(roots).build();
    let context = context.inspect_err(|error| tracing::warn!(%error, "cannot load Amazon's root certificates")).ok()?;
    let proxy = if endpoint.is_some() { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
    // Like the SDK's own connector, with other roots.
    Some(Builder::new().build_with_connector_fn(move |settings, components| {
        let connector = Connector::builder().tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        let mut connector = connector.tls_context(context.clone()).proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        connector.build()
    }))
}

/// Only AWS itself has certificates under Amazon's roots, except in separate partitions and behind a proxy that
/// terminates TLS (`SSL_CERT_FILE`). Plain HTTP needs no certificate.
fn is_amazon(connection: &Connection, endpoint: Option<&str>) -> bool {
    let region = connection.region.as_str();
    let is_apart = region.starts_with("cn-") || region.starts_with("eusc-") || region.contains("-iso");
    match endpoint {
        Some(endpoint) => !endpoint.starts_with("https:"),
        None => !is_apart && !connection.has_own_roots,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amazon_roots_are_used_for_amazon_endpoints_only() {
        let of = |region: &str, endpoint: Option<&str>, has_own_roots: bool| {
            let connection = Connection {
                table: String::new(),
                region: region.to_owned(),
                endpoint: None,
                access_key_id: String::new(),
                secret_access_key: String::new(),
                session_token: None,
                has_own_roots,
            };
            https_client(&connection, endpoint).is_some()
        };
        assert!(of("eu-west-3", None, false));
        assert!(of("us-gov-west-1", None, false));
        assert!(of("us-east-1", Some("http://127.0.0.1:8000"), true));
        assert!(!of("us-east-1", Some("https://localhost:4566"), false));
        assert!(!of("us-east-1", None, true));
        for apart in ["cn-north-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"] {
            assert!(!of(apart, None, false), "{apart}");
        }
    }
}
