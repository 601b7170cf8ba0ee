//! The Lambda function `low-stock`.

use stockroom_jobs::Worker;
use stockroom_low_stock::LowStock;
use stockroom_notify::{EventBridge, Ses};
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start(stockroom_low_stock::SETTINGS)?;
    let task = LowStock::new(&runtime, Ses::new(&runtime.config))?;
    let worker = &Worker::new(&runtime, task, EventBridge::new(&runtime.config));
    runtime.serve(async |event| worker.handle(event).await).await
}
