//! The Lambda function `low-stock`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use stockroom_jobs::Worker;
use stockroom_low_stock::LowStock;
use stockroom_notify::{EventBridge, Ses};
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start()?;
    let task = LowStock::new(&runtime, Ses::new(&runtime.config))?;
    let worker = &Worker::new(&runtime, task, EventBridge::new(&runtime.config));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        worker.handle(event.payload).await.map_err(lambda_runtime::Error::from)
    }))
    .await
}
