//! The Lambda function `relay`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use stockroom_notify::EventBridge;
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start()?;
    let (bus, sources) = (&EventBridge::new(&runtime.config), &runtime.sources);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, lambda_runtime::Error>(stockroom_relay::relay(bus, sources, event.payload).await)
    }))
    .await
}
