//! The samples of the stream and the bus in `events/`: they have AWS's form, and the functions answer them.

use aws_lambda_events::{dynamodb, eventbridge::EventBridgeEvent};
use serde_json::Value;
use stockroom_harness::Stack;
use stockroom_notifications::Notifier;
use stockroom_notify::Detail;
use stockroom_relay::relay;

use super::{TestBus, TestTransport};

const STREAM: &str = include_str!("../../../events/relay.json");
const BUS: &str = include_str!("../../../events/notifications.json");

#[tokio::test]
async fn sample_of_the_stream_publishes_its_events() {
    let typed: dynamodb::Event = serde_json::from_str(STREAM).unwrap();
    assert_eq!(typed.records.len(), 3);
    let stack = Stack::start().await;
    let bus = TestBus::default();
    let response = relay(&bus, &stack.runtime().sources, serde_json::from_str(STREAM).unwrap()).await;
    assert_eq!(response.batch_item_failures.len(), 0);
    let kinds: Vec<_> = bus.taken().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["purchase_request.submitted", "stock.moved", "stock.low"]);
}

#[tokio::test]
async fn sample_of_the_bus_is_accepted_without_mail() {
    let typed: EventBridgeEvent<Detail> = serde_json::from_str(BUS).unwrap();
    assert_eq!((typed.source.as_str(), typed.detail_type.as_str()), ("stockroom", "purchase_request.submitted"));
    let (stack, mailer) = (Stack::start().await, TestTransport::default());
    let notifier = Notifier::new(stack.runtime(), mailer.clone()).unwrap();
    // No mail is sent for an unknown organization.
    notifier.notify(serde_json::from_str::<Value>(BUS).unwrap()).await.unwrap();
    assert_eq!(mailer.recipients().len(), 0);
}
