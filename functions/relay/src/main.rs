//! The Lambda function `relay`.

use std::convert::Infallible;

use stockroom_notify::EventBridge;
use stockroom_runtime::Runtime;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    let runtime = Runtime::start(stockroom_relay::SETTINGS)?;
    let (bus, sources) = (&EventBridge::new(&runtime.config), &runtime.sources);
    runtime.serve(async |event| Ok::<_, Infallible>(stockroom_relay::relay(bus, sources, event).await)).await
}
