//! The connection to DynamoDB.

use std::time::Duration;

use aws_sdk_dynamodb::{
    Client, Config,
    config::{
        BehaviorVersion, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_runtime_api::client::result::ConnectorError;
use futures_util::future::try_join_all;

use crate::dynamo::https::AwsHttpClient;

/// Time-out of one call; its outcome is then unknown.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections that a process opens at its start. The first request makes several calls at once.
const CONNECTIONS: usize = 2;

/// The address and credentials of the table.
#[derive(Clone)]
pub struct Connection {
    /// The table's name.
    pub table: String,
    /// The AWS region. Without one the SDK would ask the instance metadata service and stall (aws-sdk-rust issue 1276).
    pub region: String,
    /// An endpoint in place of the region's, such as an emulator's.
    pub endpoint: Option<String>,
    /// The access key's id.
    pub access_key_id: String,
    /// The access key's secret.
    pub secret_access_key: String,
    /// The session token of temporary credentials.
    pub session_token: Option<String>,
    /// Whether `SSL_CERT_FILE` names the trusted roots in place of Amazon's.
    pub has_own_roots: bool,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("table", &self.table)
            .field("region", &self.region)
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

impl Connection {
    /// Whether the region is outside the partition `aws`. Its host names and certificates may differ.
    pub(crate) fn is_in_other_partition(&self) -> bool {
        self.region.starts_with("cn-") || self.region.starts_with("eusc-") || self.region.contains("-iso")
    }

    /// The URL of the endpoint, which also answers unsigned requests; `None` in other partitions, whose host names only
    /// the SDK knows.
    fn url(&self) -> Option<String> {
        let of_region = || format!("https://dynamodb.{}.amazonaws.com/", self.region);
        self.endpoint.clone().or_else(|| (!self.is_in_other_partition()).then(of_region))
    }

    #[cfg(test)]
    pub(crate) fn sample(region: &str, endpoint: Option<&str>, has_own_roots: bool) -> Self {
        Self {
            table: String::new(),
            region: region.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            access_key_id: String::new(),
            secret_access_key: String::new(),
            session_token: None,
            has_own_roots,
        }
    }
}

/// A client of one table, created once at start. Clones share its connections.
#[derive(Debug, Clone)]
pub struct TableClient {
    pub(crate) client: Client,
    pub(crate) table: String,
    http: AwsHttpClient,
    url: Option<String>,
}

impl TableClient {
    /// Creates the client; it connects with the first call. The SDK's own retries are off: the store decides which
    /// retries are safe.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        let http = AwsHttpClient::new(&connection, connection.endpoint.as_deref());
        let url = connection.url();
        let Connection { table, region, endpoint, access_key_id, secret_access_key, session_token, .. } = connection;
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(Credentials::new(
                access_key_id,
                secret_access_key,
                session_token,
                None,
                "environment",
            ))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(endpoint);
        let config = config.http_client(http.clone()).build();
        Self { client: Client::from_conf(config), table, http, url }
    }

    /// Opens connections before the first call. Uses no capacity. `None` where only a call of the SDK can connect.
    pub(crate) async fn connect(&self) -> Option<Result<(), ConnectorError>> {
        let url = self.url.as_deref()?;
        let connections = (0..CONNECTIONS).map(|_| self.http.connect(url, CALL_TIMEOUT));
        Some(try_join_all(connections).await.map(|_| ()))
    }
}
