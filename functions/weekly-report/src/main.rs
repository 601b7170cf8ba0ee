//! The Lambda function `weekly-report`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use stockroom_jobs::Worker;
use stockroom_notify::{EventBridge, Ses};
use stockroom_runtime::Runtime;
use stockroom_weekly_report::WeeklyReport;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start()?;
    let task = WeeklyReport::new(&runtime, Ses::new(&runtime.config))?;
    let worker = &Worker::new(&runtime, task, EventBridge::new(&runtime.config));
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        worker.handle(event.payload).await.map_err(lambda_runtime::Error::from)
    }))
    .await
}
