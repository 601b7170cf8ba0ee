//! The HTTP client of all AWS clients.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector as _, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::timeout;

use crate::dynamo::client::Connection;

/// Time-out of a connection attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The five roots of Amazon Trust Services.
///
/// <https://www.amazontrust.com/repository/>
const AMAZON_ROOTS: &str = include_str!("amazon_roots.pem");

/// The HTTP client of one AWS service, with its pool of connections. Clones share the pool.
///
/// The default client of the SDK loads the root certificates twice and connects only at its first call.
#[derive(Debug, Clone)]
pub struct AwsHttpClient(SharedHttpConnector);

impl AwsHttpClient {
    /// The client for a service in the connection's region, or at this endpoint.
    ///
    /// It trusts Amazon's own roots only, because reading all roots of the system takes most of a cold start. Where
    /// other hosts may answer, it trusts the roots of the system. Proxies come from the environment, as with the SDK.
    /// An emulator on plain HTTP is called directly.
    #[must_use]
    pub fn new(connection: &Connection, endpoint: Option<&str>) -> Self {
        let roots = if is_amazon(connection, endpoint) {
            TrustStore::empty().with_pem_certificate(AMAZON_ROOTS)
        } else {
            TrustStore::default()
        };
        let is_plain = endpoint.is_some_and(|endpoint| !endpoint.starts_with("https:"));
        let proxy = if is_plain { ProxyConfig::disabled() } else { ProxyConfig::from_env() };
        let connector = Connector::builder()
            .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT_TIMEOUT).build())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .proxy_config(proxy)
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc));
        let context = TlsContext::builder().with_trust_store(roots).build();
        let connector = match context {
            Ok(context) => connector.tls_context(context),
            Err(error) => {
                tracing::warn!(%error, "cannot load the root certificates: using those of the system");
                connector
            }
        };
        Self(SharedHttpConnector::new(connector.build()))
    }

    /// Opens a connection for a later call. AWS services answer an unsigned `GET /` with their health.
    ///
    /// # Errors
    /// No connection, or no response within this time.
    pub(crate) async fn connect(&self, url: &str, within: Duration) -> Result<(), ConnectorError> {
        let mut request = HttpRequest::empty();
        request.set_uri(url).map_err(|error| ConnectorError::user(error.into()))?;
        let answered = async {
            let response = self.0.call(request).await?;
            // A connection can be used again once its response has been read.
            let body = ByteStream::new(response.into_body()).collect().await;
            body.map(|_| ()).map_err(|error| ConnectorError::io(error.into()))
        };
        timeout(within, answered).await.unwrap_or_else(|late| Err(ConnectorError::timeout(late.into())))
    }
}

impl HttpClient for AwsHttpClient {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        self.0.clone()
    }
}

/// Only AWS itself has certificates under Amazon's roots, except in separate partitions and behind a proxy that
/// terminates TLS (`SSL_CERT_FILE`). Plain HTTP needs no certificate.
fn is_amazon(connection: &Connection, endpoint: Option<&str>) -> bool {
    match endpoint {
        Some(endpoint) => !endpoint.starts_with("https:"),
        None => !connection.is_in_other_partition() && !connection.has_own_roots,
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn call_after_connect_uses_the_open_connection() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = AwsHttpClient::new(&Connection::sample("us-east-1", Some(&url), false), Some(&url));
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            for _ in 0..2 {
                let mut request = [0; 1_024];
                let length = stream.read(&mut request).await.unwrap();
                assert!(request[..length].starts_with(b"GET / HTTP/1.1\r\n"));
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nhealthy").await.unwrap();
            }
        };
        let calls = async {
            client.connect(&url, LIMIT).await.unwrap();
            client.connect(&url, LIMIT).await.unwrap();
        };
        timeout(LIMIT, futures_util::future::join(server, calls)).await.unwrap();
    }

    #[tokio::test]
    async fn parallel_connects_open_a_connection_each() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = AwsHttpClient::new(&Connection::sample("us-east-1", Some(&url), false), Some(&url));
        let server = async {
            // Neither is answered before both are open.
            let mut streams = [listener.accept().await.unwrap().0, listener.accept().await.unwrap().0];
            for stream in &mut streams {
                stream.read_u8().await.unwrap();
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
            streams
        };
        let calls = futures_util::future::join(client.connect(&url, LIMIT), client.connect(&url, LIMIT));
        let (_, connected) = timeout(LIMIT, futures_util::future::join(server, calls)).await.unwrap();
        assert!(connected.0.is_ok() && connected.1.is_ok(), "{connected:?}");
    }

    #[tokio::test]
    async fn connect_without_a_response_ends_after_its_time() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let client = AwsHttpClient::new(&Connection::sample("us-east-1", Some(&url), false), Some(&url));
        let error = client.connect(&url, Duration::from_millis(5)).await.unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
    }

    #[tokio::test]
    async fn connect_without_a_server_fails() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        drop(listener);
        let client = AwsHttpClient::new(&Connection::sample("us-east-1", Some(&url), false), Some(&url));
        assert!(client.connect(&url, LIMIT).await.is_err());
    }

    #[test]
    fn amazon_roots_are_used_for_amazon_endpoints_only() {
        let of = |region: &str, endpoint: Option<&str>, has_own_roots: bool| {
            let connection = Connection::sample(region, None, has_own_roots);
            is_amazon(&connection, endpoint)
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
