//! The Lambda function `weekly-report`.

use stockroom_jobs::Worker;
use stockroom_notify::{EventBridge, Ses};
use stockroom_runtime::Runtime;
use stockroom_weekly_report::WeeklyReport;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start(stockroom_weekly_report::SETTINGS)?;
    let task = WeeklyReport::new(&runtime, Ses::new(&runtime.config))?;
    let worker = &Worker::new(&runtime, task, EventBridge::new(&runtime.config));
    runtime.serve(async |event| worker.handle(event).await).await
}
