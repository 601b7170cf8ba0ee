//! The Lambda function `cleanup`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use stockroom_cleanup::Cleanup;
use stockroom_jobs::Worker;
use stockroom_notify::EventBridge;
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start()?;
    let worker = &Worker::new(&runtime, Cleanup::new(&runtime), EventBridge::new(&runtime.config));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        worker.handle(event.payload).await.map_err(lambda_runtime::Error::from)
    }))
    .await
}
