//! Metrics in CloudWatch's embedded format.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack, log_lines};
use stockroom_jobs::{Job, Worker};
use stockroom_low_stock::LowStock;
use stockroom_notifications::Notifier;
use stockroom_relay::relay;

use crate::{
    bus::{TestBus, TestTransport, event_of_request, relay::records},
    jobs::{batch, due, failed, scheduled},
};

/// The metrics of a line, each with the values of its dimensions. Checks every rule of the format.
fn metrics(line: &Value) -> Vec<(String, Vec<(String, String)>)> {
    let about = &line["_aws"];
    assert!(about["Timestamp"].as_u64().unwrap() > 1_700_000_000_000, "{line}");
    let mut metrics = Vec::new();
    for directive in about["CloudWatchMetrics"].as_array().unwrap() {
        assert_eq!(directive["Namespace"], "Stockroom");
        let sets = directive["Dimensions"].as_array().unwrap();
        assert_eq!(sets.len(), 1, "{line}");
        let text = |name: &Value| name.as_str().unwrap().to_owned();
        let dimension = |name: &Value| (text(name), text(&line[name.as_str().unwrap()]));
        let dimensions: Vec<_> = sets[0].as_array().unwrap().iter().map(dimension).collect();
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(["Count", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()), "{line}");
            let name = text(&metric["Name"]);
            assert!(line[&name].is_u64(), "{name} is no number: {line}");
            metrics.push((name, dimensions.clone()));
        }
    }
    assert!(!metrics.is_empty(), "{line}");
    metrics
}

/// Everything that was logged of an organization or request, and has metrics.
fn lines_with_metrics(of: &str) -> Vec<Value> {
    let lines = log_lines().into_iter().filter(|line| line.contains(of) && line.contains("_aws"));
    lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
}

#[tokio::test]
async fn request_records_latency_by_route_and_cost_by_function() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("SKU-1").await;
    let reply = shop.staff().get(format!("/api/v1/products/{product}")).await.expect(200);
    let missing = shop.staff().get(format!("/api/v1/products/{}", shop.id)).await.expect(404);

    let function = |name: &str| vec![(name.to_owned(), "tests".to_owned())];
    for (reply, class) in [(reply, "2xx"), (missing, "4xx")] {
        let line = reply.log().into_iter().find(|line| line["message"] == "request").unwrap();
        let [latency, failures, costs @ ..] = &metrics(&line)[..] else { panic!("{line}") };
        let dimensions = [("method", "GET"), ("route", "/api/v1/products/{id}"), ("status_class", class)];
        let dimensions = dimensions.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(*latency, ("milliseconds".to_owned(), [function("function"), dimensions.to_vec()].concat()));
        assert_eq!((failures, &line["failures"]), (&("failures".to_owned(), function("function")), &json!(0)));
        let names: Vec<_> = costs.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["round_trips", "read_half_units", "write_half_units"]);
        assert!(costs.iter().all(|(_, dimensions)| *dimensions == function("function")), "{line}");
    }
}

#[tokio::test]
async fn mails_and_events_are_counted() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let event = event_of_request(&shop, "SUBMITTED", "purchase_request.submitted").await;
    let runtime = shop.stack().another_process().runtime().clone();
    let (mailer, bus) = (TestTransport::planned([crate::bus::Fate::Refused]), TestBus::default());

    let notifier = Notifier::new(&runtime, mailer.clone()).unwrap();
    runtime.call("call-of-notifications", notifier.notify(event)).await.unwrap();
    // Other tests have organizations of the same ids.
    let of_mails = lines_with_metrics(&shop.id).into_iter().filter(|line| line["message"] == "mail");
    let mails = |line: &Value| {
        assert_eq!(metrics(line).len(), 3);
        ["mails_sent", "mails_refused", "mails_unsent"].map(|name| line[name].as_u64().unwrap())
    };
    let recorded: Vec<_> = of_mails.map(|line| mails(&line)).collect();
    assert!(recorded.contains(&[1, 1, 0]), "{recorded:?}");
    let [line] = &lines_with_metrics("call-of-notifications")[..] else { panic!("one line of the call") };
    assert_eq!((line["failures"].as_u64(), line["function"].as_str()), (Some(0), Some("tests")));
    assert!(line["round_trips"].as_u64().unwrap() > 0 && line["read_half_units"].as_u64().unwrap() > 0, "{line}");
    // The cost of a call is counted once.
    runtime.call("call-of-nothing", async { Ok::<_, std::convert::Infallible>(()) }).await.unwrap();
    let [line] = &lines_with_metrics("call-of-nothing")[..] else { panic!("one line of the call") };
    assert_eq!(line["round_trips"], 0);

    let before = log_lines().len();
    relay(&bus, &runtime.sources, json!({"Records": records(&shop)})).await;
    let worker = Worker::new(&runtime, LowStock::new(&runtime, mailer).unwrap(), bus);
    worker.handle(scheduled("2026-11-23T09:00:00Z")).await.unwrap();
    let unreadable = json!({"source": "elsewhere"});
    let answer = worker.handle(batch(&[due(Job::LowStock, &shop.id, "2026-11-23T09:00:00Z"), unreadable])).await;
    assert_eq!(failed(&answer.unwrap()), ["1"]);
    // Other tests log meanwhile; their lines are held to the same rules.
    let recorded: BTreeSet<String> = log_lines()[before..]
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line.get("_aws").is_some())
        .flat_map(|line| metrics(&line).into_iter().map(|(name, _)| name))
        .collect();
    for name in ["events_put", "events_not_taken", "organizations_due", "messages_done", "messages_failed"] {
        assert!(recorded.contains(name), "{name} is in no line: {recorded:?}");
    }
}
