//! The Lambda function `cleanup`.

use stockroom_cleanup::Cleanup;
use stockroom_jobs::Worker;
use stockroom_notify::EventBridge;
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start(stockroom_cleanup::SETTINGS)?;
    let worker = &Worker::new(&runtime, Cleanup::new(&runtime), EventBridge::new(&runtime.config));
    runtime.serve(async |event| worker.handle(event).await).await
}
