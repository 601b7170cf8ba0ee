//! A function that makes the table calls of its setting `CALLS` and counts the found items. Its cost is that of the
//! Lambda runtime and the SDK, with the same client as the store.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use aws_sdk_dynamodb::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    primitives::Blob,
    types::{
        AttributeValue, KeysAndAttributes, Put, ReturnConsumedCapacity::Total, ReturnValue, TransactWriteItem,
        builders::PutBuilder,
    },
};
use futures_util::future::try_join_all;
use lambda_http::{Body, Error, Request, Response, run, service_fn};
use serde::Deserialize;
use stockroom_runtime::Config as Settings;
use stockroom_store::AwsHttpClient;

/// One call of the table.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Call {
    /// Items by key, strongly consistent.
    Get(Vec<(String, String)>),
    /// The first items of a partition, and their maximum number.
    Query(String, i32),
    /// A conditional update of one item, like that of a rate limit.
    Update(String, String),
    /// A transaction like that of a movement with a key: a ledger entry, a level and a stored response. Its
    /// values: organization, product, warehouse.
    Record([String; 3]),
}

type Item = HashMap<String, AttributeValue>;

struct Table {
    client: Client,
    name: String,
    recorded: AtomicU64,
}

impl Table {
    fn new(settings: Settings) -> Self {
        let connection = settings.connection;
        let http = AwsHttpClient::new(&connection, connection.endpoint.as_deref());
        let second = Duration::from_secs(1);
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(3 * second).build();
        let (id, secret) = (connection.access_key_id, connection.secret_access_key);
        let mut config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(connection.region))
            .credentials_provider(Credentials::new(id, secret, connection.session_token, None, "environment"))
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        config.set_endpoint_url(connection.endpoint);
        Self {
            client: Client::from_conf(config.http_client(http).build()),
            name: connection.table,
            recorded: AtomicU64::new(0),
        }
    }

    /// Makes a call and returns the number of found items.
    async fn make(&self, call: &Call) -> Result<usize, Error> {
        match call {
            Call::Get(keys) => {
                let keys = keys.iter().map(|(pk, sk)| HashMap::from([s("pk", pk), s("sk", sk)]));
                let keys = KeysAndAttributes::builder().set_keys(Some(keys.collect())).consistent_read(true).build()?;
                let output = Box::pin(
                    self.client.batch_get_item().request_items(&self.name, keys).return_consumed_capacity(Total).send(),
                )
                .await?;
                Ok(output.responses.unwrap_or_default().values().map(Vec::len).sum())
            }
            Call::Query(partition, limit) => {
                let query = self
                    .client
                    .query()
                    .table_name(&self.name)
                    .limit(*limit)
                    .consistent_read(true)
                    .return_consumed_capacity(Total);
                let query = query.key_condition_expression("pk = :partition");
                let query = query.expression_attribute_values(":partition", AttributeValue::S(partition.clone()));
                Ok(Box::pin(query.send()).await?.items.unwrap_or_default().len())
            }
            Call::Update(pk, sk) => {
                let update = self.client.update_item().table_name(&self.name).key("pk", AttributeValue::S(pk.clone()));
                let update = update
                    .key("sk", AttributeValue::S(sk.clone()))
                    .update_expression("SET #full_at = :to, #expires_at = :expiry")
                    .condition_expression("attribute_not_exists(#full_at) OR #full_at BETWEEN :low AND :high")
                    .expression_attribute_names("#full_at", "full_at")
                    .expression_attribute_names("#expires_at", "expires_at")
                    .expression_attribute_values(":to", AttributeValue::N("1795424402000000".to_owned()))
                    .expression_attribute_values(":expiry", AttributeValue::N("1795424402".to_owned()))
                    .expression_attribute_values(":low", AttributeValue::N("0".to_owned()))
                    .expression_attribute_values(":high", AttributeValue::N("1795424402000000".to_owned()))
                    .return_values(ReturnValue::AllNew)
                    .return_consumed_capacity(Total);
                Box::pin(update.send()).await?;
                Ok(0)
            }
            Call::Record(ids) => {
                // Unique in the table: the numbers of other processes have another beginning.
                let number = format!("{}-{}", std::process::id(), self.recorded.fetch_add(1, Ordering::Relaxed));
                let actions = self.movement(ids, &number)?;
                let transaction = self.client.transact_write_items().set_transact_items(Some(actions));
                Box::pin(transaction.client_request_token(&number).return_consumed_capacity(Total).send()).await?;
                Ok(0)
            }
        }
    }

    /// Three items as large as those that the product writes, in partitions of their own.
    fn movement(
        &self,
        [organization, product, warehouse]: &[String; 3],
        number: &str,
    ) -> Result<Vec<TransactWriteItem>, Error> {
        let (id, time) = (format!("{number:0>36}"), "2026-11-28T20:00:00.000Z");
        let partition = |kind: &str| format!("BARE#{organization}#{kind}");
        let by = HashMap::from([s("id", organization), s("full_name", "The Admin")]);
        let origin = HashMap::from([s("request_id", &id), s("ip", "127.0.0.1"), s("user_agent", "bench")]);
        let data = HashMap::from([
            s("type", "IN"),
            s("product_id", product),
            s("warehouse_id", warehouse),
            s("quantity", "1"),
            s("balance_after", "5001"),
            n("sequence", "6"),
            s("reference", "a receipt"),
            s("created_at", time),
            m("created_by", by),
            s("sku", "SKU-000000"),
            s("name", "Product 0"),
            s("unit", "each"),
            s("place", "Main"),
            m("origin", origin),
        ]);
        let entry = HashMap::from([
            s("pk", partition("MOVE#0")),
            s("sk", &id),
            s("i1pk", partition(&format!("LEDGER#{product}"))),
            s("i1sk", format!("{warehouse}#{time}#000000000006")),
            s("i2pk", partition(&format!("AT#{warehouse}"))),
            s("i2sk", &id),
            m("data", data),
        ]);
        let level = HashMap::from([
            s("pk", partition(&format!("STOCK#{warehouse}"))),
            s("sk", product),
            s("i2pk", partition("LEVELS")),
            s("i2sk", format!("{product}#{warehouse}")),
            s("on_hand", "5001"),
            s("min_stock_level", "0"),
            n("sequence", "6"),
            n("revision", "6"),
            s("updated_at", time),
        ]);
        let response = HashMap::from([
            s("pk", partition("IDEMPOTENCY")),
            s("sk", format!("{number:0>64}")),
            ("fingerprint".to_owned(), AttributeValue::B(Blob::new([0; 32]))),
            ("answer".to_owned(), AttributeValue::B(Blob::new([0; 420]))),
        ]);
        [
            put(entry, "attribute_not_exists(#name)", "pk", None),
            put(level, "attribute_not_exists(#name) OR #name = :value", "revision", Some("6")),
            put(response, "attribute_not_exists(#name) OR #name <= :value", "expires_at", Some("1795424402")),
        ]
        .into_iter()
        .map(|put| Ok(TransactWriteItem::builder().put(put.table_name(&self.name).build()?).build()))
        .collect()
    }
}

fn s(name: &str, value: impl Into<String>) -> (String, AttributeValue) {
    (name.to_owned(), AttributeValue::S(value.into()))
}

fn n(name: &str, value: &str) -> (String, AttributeValue) {
    (name.to_owned(), AttributeValue::N(value.to_owned()))
}

fn m(name: &str, value: Item) -> (String, AttributeValue) {
    (name.to_owned(), AttributeValue::M(value))
}

/// A conditional put. The condition names an attribute `#name`, and may compare it with a number `:value`.
fn put(item: Item, condition: &str, name: &str, value: Option<&str>) -> PutBuilder {
    let put = Put::builder().set_item(Some(item)).condition_expression(condition);
    let put = put.expression_attribute_names("#name", name);
    match value {
        Some(value) => put.expression_attribute_values(":value", AttributeValue::N(value.to_owned())),
        None => put,
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let table = Arc::new(Table::new(Settings::from_env(&[])?));
    #[expect(clippy::disallowed_methods, reason = "the setting of this program alone")]
    let calls: Arc<Vec<Vec<Call>>> = Arc::new(serde_json::from_str(&std::env::var("CALLS")?)?);
    run(service_fn(move |_: Request| {
        let (table, calls) = (Arc::clone(&table), Arc::clone(&calls));
        async move {
            let mut found = 0_usize;
            for parallel in calls.iter() {
                let calls = parallel.iter().map(|call| table.make(call));
                found = found.saturating_add(try_join_all(calls).await?.into_iter().sum());
            }
            Ok::<_, Error>(Response::new(Body::Text(found.to_string())))
        }
    }))
    .await
}
