//! The Lambda function `notifications`.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use stockroom_notifications::Notifier;
use stockroom_notify::Ses;
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start()?;
    let notifier = &Notifier::new(&runtime, Ses::new(&runtime.config))?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        notifier.notify(event.payload).await.map_err(lambda_runtime::Error::from)
    }))
    .await
}
