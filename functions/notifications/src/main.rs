//! The Lambda function `notifications`.

use stockroom_notifications::Notifier;
use stockroom_notify::Ses;
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start(stockroom_notifications::SETTINGS)?;
    let notifier = &Notifier::new(&runtime, Ses::new(&runtime.config))?;
    runtime.serve(async |event| notifier.notify(event).await).await
}
