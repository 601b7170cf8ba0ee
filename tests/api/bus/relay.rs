//! From the stream to the bus: every event at least once. An unreadable record holds up no other.

use serde_json::{Value, json};
use stockroom_domain::source::Sources;
use stockroom_harness::{Shop, Stack};
use stockroom_relay::relay;

use super::TestBus;

fn sources(shop: &Shop) -> &Sources {
    &shop.stack().runtime().sources
}

/// All items of the table, as records of its stream.
pub(crate) fn records(shop: &Shop) -> Vec<Value> {
    records_of(shop.stack())
}

/// The records of all items in a table.
pub(crate) fn records_of(stack: &Stack) -> Vec<Value> {
    let text = |value: &Value| json!({"S": value});
    let record = |(place, item): (usize, Value)| {
        let keys = json!({"pk": text(&item["pk"]), "sk": text(&item["sk"])});
        let image: Value =
            item.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
        let change = json!({
            "Keys": keys, "NewImage": image, "SequenceNumber": format!("{:021}", place + 1), "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES", "ApproximateCreationDateTime": 1_795_000_000.0,
        });
        json!({
            "eventID": format!("{place}"), "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "eu-central-1", "dynamodb": change,
        })
    };
    stack.items().into_iter().enumerate().map(record).collect()
}

fn attribute(value: &Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({"BOOL": value}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(values) => json!({"L": values.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| (name.clone(), attribute(value)));
            json!({"M": members.collect::<serde_json::Map<_, _>>()})
        }
    }
}

pub(crate) fn of_log(record: &Value) -> bool {
    let pk = record.pointer("/dynamodb/Keys/pk/S").unwrap().as_str().unwrap();
    pk.contains("#LOG#") || pk.contains("#MOVE#")
}

async fn relayed(shop: &Shop, bus: &TestBus, records: &[Value]) -> Vec<String> {
    let response = relay(bus, sources(shop), json!({"Records": records})).await;
    response.batch_item_failures.into_iter().map(|failure| failure.item_identifier.unwrap()).collect()
}

fn ids(bus: &TestBus) -> Vec<String> {
    let mut ids: Vec<_> = bus.taken().iter().map(|event| event["detail"]["id"].to_string()).collect();
    ids.sort();
    ids
}

async fn shop() -> Shop {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 40).await;
    for _ in 0..12 {
        shop.take(&product, &main, 1).await.expect(201);
    }
    shop
}

#[tokio::test]
async fn relay_puts_ten_events_a_call_and_retries_only_failed_entries() {
    let shop = shop().await;
    let all = records(&shop);
    let plain = TestBus::default();
    assert_eq!(relayed(&shop, &plain, &all).await, Vec::<String>::new());
    let calls = plain.calls();
    assert!(calls.len() > 1 && calls[..calls.len() - 1].iter().all(|size| *size == 10), "{calls:?}");

    let bus = TestBus::refusing([vec![0, 3], vec![1]]);
    assert_eq!(relayed(&shop, &bus, &all).await, Vec::<String>::new());
    assert_eq!(bus.calls(), [calls, vec![3]].concat());
    assert_eq!(ids(&bus), ids(&plain));
}

#[tokio::test]
async fn relay_of_an_event_that_always_fails_reports_its_record_only() {
    let shop = shop().await;
    let log: Vec<_> = records(&shop).into_iter().filter(of_log).collect();
    let is_movement = |record: &&Value| record["dynamodb"]["Keys"]["pk"]["S"].as_str().unwrap().contains("#MOVE#");
    let one = [log.iter().find(is_movement).unwrap().clone()];
    let bus = TestBus::refusing(vec![vec![0]; 4]);
    assert_eq!(relayed(&shop, &bus, &one).await, [one[0]["dynamodb"]["SequenceNumber"].as_str().unwrap()]);
    assert_eq!(bus.calls(), [1, 1, 1, 1]);
}

#[tokio::test]
async fn relay_of_an_unreadable_record_reports_that_record_only() {
    let shop = shop().await;
    let mut all = records(&shop);
    let plain = TestBus::default();
    relayed(&shop, &plain, &all).await;

    let place = all.iter().position(of_log).unwrap();
    let poison = [
        // An entry without its state, one of another type, and a malformed record.
        ("/dynamodb/NewImage/data", json!({"S": "?"})),
        ("/dynamodb/NewImage/sk", json!({"N": "1"})),
        ("/dynamodb/NewImage", json!(17)),
    ];
    let number = all[place]["dynamodb"]["SequenceNumber"].as_str().unwrap().to_owned();
    let whole = all[place].clone();
    for (pointer, value) in poison {
        all[place] = whole.clone();
        *all[place].pointer_mut(pointer).unwrap() = value;
        let bus = TestBus::default();
        assert_eq!(relayed(&shop, &bus, &all).await.join(" "), number, "{pointer}");
        let (some, every) = (ids(&bus), ids(&plain));
        assert!(some.iter().all(|id| every.contains(id)) && every.len() - some.len() <= 1, "{pointer}");
    }
}

#[tokio::test]
async fn relay_of_repeated_and_reordered_records_publishes_the_same_event_ids() {
    let shop = shop().await;
    let mut all = records(&shop);
    let plain = TestBus::default();
    relayed(&shop, &plain, &all).await;
    all.reverse();
    let bus = TestBus::default();
    for _ in 0..2 {
        relayed(&shop, &bus, &all).await;
    }
    let (mut seen, count) = (ids(&bus), ids(&bus).len());
    seen.dedup();
    assert_eq!((seen, count), (ids(&plain), 2 * ids(&plain).len()));
}

#[tokio::test]
async fn relay_of_modified_or_removed_items_publishes_nothing() {
    let shop = shop().await;
    let mut all = records(&shop);
    for name in ["MODIFY", "REMOVE"] {
        for record in &mut all {
            record["eventName"] = json!(name);
        }
        let bus = TestBus::default();
        assert_eq!(relayed(&shop, &bus, &all).await.len(), 0);
        assert_eq!(bus.calls().len(), 0, "{name}");
    }
}

#[tokio::test]
async fn relay_of_an_event_above_the_size_limit_publishes_a_reference() {
    let shop = shop().await;
    let created = |record: &&Value| of_log(record) && record.to_string().contains("CREATE");
    let mut record = records(&shop).iter().find(created).unwrap().clone();
    let after = record.pointer_mut("/dynamodb/NewImage/data/M/after/M").unwrap();
    after["notes"] = json!({"S": "x".repeat(260 * 1024)});
    let bus = TestBus::default();
    assert_eq!(relayed(&shop, &bus, &[record]).await.len(), 0);
    let taken = bus.taken();
    let members: Vec<_> = taken[0]["detail"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["version", "id", "organization_id", "entity_id", "occurred_at"]);
}
