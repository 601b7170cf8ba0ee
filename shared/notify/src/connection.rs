//! The settings that the clients of all services share.

use std::time::Duration;

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_eventbridge::config::{
    BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_types::SdkConfig;
use stockroom_store::{AwsHttpClient, Connection};

/// The maximum time for the answer of one call; well below the lease of an email.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Settings without the SDK's own retries, for a service at `endpoint`, or where AWS has it.
pub(crate) fn sdk_config(connection: Connection, endpoint: Option<String>) -> SdkConfig {
    let http = AwsHttpClient::new(&connection, endpoint.as_deref());
    let credentials = Credentials::new(
        connection.access_key_id,
        connection.secret_access_key,
        connection.session_token,
        None,
        "environment",
    );
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(CALL_TIMEOUT).build();
    let mut settings = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(connection.region))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    settings.set_endpoint_url(endpoint);
    settings.http_client(http).build()
}
