//! A function that makes the table calls of a read, as the body of the event lists them, and counts the found items.
//! Its cost is that of the SDK, with the same client as the store.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    types::{AttributeValue, KeysAndAttributes},
};
use futures_util::future::try_join_all;
use lambda_http::{Body, Error, Request, Response, run, service_fn};
use serde::Deserialize;
use stockroom_runtime::Config as Settings;
use stockroom_store::https_client;

/// One call of the table.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Call {
    /// Items by key, strongly consistent.
    Get(Vec<(String, String)>),
    /// The first items of a partition, and their maximum number.
    Query(String, i32),
}

struct Table {
    client: Client,
    name: String,
}

impl Table {
    fn new(settings: Settings) -> Self {
        let connection = settings.connection;
        let http_client = https_client(&connection, connection.endpoint.as_deref());
        let second = Duration::from_secs(1);
        let timeouts = TimeoutConfig::builder().connect_timeout(second).operation_attempt_timeout(3 * second).build();
        let (id, secret) = (connection.access_key_id, connection.secret_access_key);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(connection.region))
            .credentials_provider(Credentials::new(id, secret, connection.session_token, None, "environment"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(connection.endpoint).set_http_client(http_client);
        Self { client: Client::from_conf(config.build()), name: connection.table }
    }

    /// Makes a call and returns the number of found items.
    async fn make(&self, call: Call) -> Result<usize, Error> {
        match call {
            Call::Get(keys) => {
                let name = |name: &str, value| (name.to_owned(), AttributeValue::S(value));
                let keys = keys.into_iter().map(|(pk, sk)| HashMap::from([name("pk", pk), name("sk", sk)]));
                let keys = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build()?;
                let output = Box::pin(self.client.batch_get_item().request_items(&self.name, keys).send()).await?;
                Ok(output.responses.unwrap_or_default().values().map(Vec::len).sum())
            }
            Call::Query(partition, limit) => {
                let query = self.client.query().table_name(&self.name).limit(limit).consistent_read(true);
                let query = query.key_condition_expression("pk = :partition");
                let query = query.expression_attribute_values(":partition", AttributeValue::S(partition));
                Ok(Box::pin(query.send()).await?.items.unwrap_or_default().len())
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let table = Arc::new(Table::new(Settings::from_env(&[])?));
    run(service_fn(move |request: Request| {
        let table = Arc::clone(&table);
        async move {
            let mut found = 0_usize;
            for parallel in serde_json::from_slice::<Vec<Vec<Call>>>(request.body())? {
                let calls = parallel.into_iter().map(|call| table.make(call));
                found = found.saturating_add(try_join_all(calls).await?.into_iter().sum());
            }
            Ok::<_, Error>(Response::new(Body::Text(found.to_string())))
        }
    }))
    .await
}
