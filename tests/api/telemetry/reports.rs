//! Reports to Sentry as its ingest sees them: failures with their request and organization, without personal data.

use axum::body::{Body, to_bytes};
use http::{Method, Request};
use serde_json::{Value, json};
use stockroom_api::{Access, Answer, ApiError, App, Routes, Routing};
use stockroom_domain::access::Permission;
use stockroom_harness::{Ingest, Manner, Reply, Shop, Stack};
use stockroom_jobs::{Job, Worker};
use stockroom_local::gateway::{Function, Gateway};
use stockroom_low_stock::LowStock;
use stockroom_notifications::Notifier;
use stockroom_runtime::{Runtime, init_telemetry};

use crate::{
    bus::{Fate, TestBus, TestTransport, event_of_request},
    jobs::{batch, due, failed},
};

/// A shop whose requests are answered by a process that reports to `ingest`.
async fn shop(ingest: &Ingest) -> Shop {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    shop.at(&reporting(&stack, ingest))
}

fn reporting(stack: &Stack, ingest: &Ingest) -> Stack {
    let settings = [("SENTRY_DSN", ingest.dsn()), ("AWS_LAMBDA_FUNCTION_NAME", "stockroom-products".to_owned())];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    stack.another_process_with(stack.clock().clone(), &settings)
}

/// Something that a person might have written into the table.
const PERSONAL: &str = "Nancy Davolio <nancy@acme.example>";

/// Lists purchase requests of which one cannot be read.
async fn fail(shop: &Shop) -> Reply {
    let partition = format!("ORG#{}#PR", shop.id);
    let data = json!({"M": {"status": {"S": PERSONAL}}});
    shop.stack().put(json!({"pk": {"S": partition}, "sk": {"S": shop.id}, "data": data}));
    let request = shop.manager().get("/api/v1/purchase-requests").query(&[("limit", "7")]);
    request.header("user-agent", "Nancys-browser/1.0").await.expect(500)
}

fn tags(item: &Value) -> [Option<&str>; 4] {
    ["function", "route", "request_id", "organization"].map(|name| item["tags"][name].as_str())
}

fn error(item: &Value) -> (&str, &str) {
    let exception = &item["exception"]["values"][0];
    (exception["type"].as_str().unwrap(), exception["value"].as_str().unwrap())
}

#[tokio::test]
async fn failed_request_is_reported_without_personal_data() {
    let ingest = Ingest::start().await;
    let shop = shop(&ingest).await;
    let reply = fail(&shop).await;

    // The log has the unchanged cause. The report, which arrived before the answer, has not.
    let cause = reply.log().into_iter().find(|line| line["message"] == "request failed").unwrap();
    assert!(cause["cause"].as_str().unwrap().contains(PERSONAL), "{cause}");
    let [reported] = &ingest.errors()[..] else { panic!("one error: {:?}", ingest.errors()) };
    let expected = ["stockroom-products", "GET /api/v1/purchase-requests", reply.request_id(), &shop.id];
    assert_eq!(tags(reported), expected.map(Some));
    assert_eq!((error(reported).0, reported["environment"].as_str()), ("internal", Some("testing")));
    assert!(error(reported).1.contains("unknown variant …, expected one of …, "), "{reported}");
    assert_eq!(reported["release"], format!("stockroom@{}", env!("CARGO_PKG_VERSION")));

    let trace = ingest.traces().into_iter().find(|trace| tags(trace) == expected.map(Some)).unwrap();
    assert_eq!(trace["transaction"], "GET /api/v1/purchase-requests");
    assert_eq!(trace["contexts"]["trace"]["trace_id"], reported["contexts"]["trace"]["trace_id"]);
    assert_eq!(trace["contexts"]["trace"]["status"], "internal_error");

    let user = shop.manager().id.clone();
    let personal = ["Nancy", "@acme", "203.0.113.7", "limit=7", "eyJ", "The manager", "Bearer", &user];
    for text in ingest.texts() {
        let found: Vec<_> = personal.iter().filter(|word| text.contains(**word)).collect();
        assert!(found.is_empty(), "{found:?} is reported: {text}");
        for member in ["user", "request", "server_name", "breadcrumbs", "extra"] {
            assert!(!text.contains(&format!("\"{member}\":")), "{member} is reported: {text}");
        }
    }
}

#[tokio::test]
async fn request_without_a_dsn_or_with_a_4xx_sends_no_error() {
    let ingest = Ingest::start().await;
    let reporting = shop(&ingest).await;
    let silent = reporting.at(&reporting.stack().another_process());
    fail(&silent).await;
    assert_eq!(ingest.requests(), 0);

    reporting.staff().get("/api/v1/users").await.expect(403);
    assert_eq!((ingest.errors().len(), ingest.traces().len()), (0, 1));
}

#[tokio::test]
async fn panic_is_answered_500_and_reported_with_its_place() {
    let ingest = Ingest::start().await;
    let shop = shop(&ingest).await;
    let runtime = shop.stack().runtime();
    init_telemetry(&runtime.config);

    let stumble = async || -> Result<Answer, ApiError> { panic!("over {PERSONAL}") };
    let access = Access::Permitted(Permission::ReadCatalogue);
    let routes = Routes::new().get("stumble", "/api/v1/stumble", access, stumble, |_| ());
    let function = Function {
        name: "products",
        routes: vec![(Method::GET, "/api/v1/stumble".to_owned())],
        router: routes.into_router(&App::new(runtime).unwrap()),
    };
    let id = || "0".repeat(32).parse().unwrap();
    let gateway = Gateway::new(vec![function], || jiff::Timestamp::UNIX_EPOCH, id);
    let token = format!("Bearer {}", shop.staff().token());
    for count in 1..=2 {
        let request = Request::get("/api/v1/stumble").header("authorization", &token).body(Body::empty()).unwrap();
        let (answer, body) = gateway.call(request, [203, 0, 113, 7].into()).await.into_parts();
        let problem: Value = serde_json::from_slice(&to_bytes(body, usize::MAX).await.unwrap()).unwrap();
        assert_eq!((answer.status.as_u16(), problem["code"].as_str()), (500, Some("internal")));

        let reported = ingest.errors();
        assert_eq!(reported.len(), count);
        let [function, route, request_id, organization] = tags(&reported[count - 1]);
        assert_eq!((function, route), (Some("stockroom-products"), Some("GET /api/v1/stumble")));
        assert_eq!((request_id, organization), (problem["request_id"].as_str(), Some(shop.id.as_str())));
        let (kind, place) = error(&reported[count - 1]);
        assert_eq!(kind, "internal");
        assert!(place.starts_with("panicked at tests/api/telemetry/reports.rs:"), "{place}");
        assert!(ingest.texts().iter().all(|text| !text.contains("Nancy")));
    }
}

#[tokio::test]
async fn report_to_a_silent_server_is_awaited_once() {
    let ingest = Ingest::start_as(Manner::Silent).await;
    let shop = shop(&ingest).await;
    for _ in 0..3 {
        shop.staff().get("/api/v1/users/me").await.expect(200);
    }
    assert_eq!(ingest.requests(), 1);
}

#[tokio::test]
async fn report_to_a_server_that_limits_errors_sends_the_traces() {
    let ingest = Ingest::start_as(Manner::HasEnoughErrors).await;
    let shop = shop(&ingest).await;
    for traces in 1..=3 {
        fail(&shop).await;
        assert_eq!((ingest.errors().len(), ingest.traces().len()), (1, traces));
    }
}

/// Another process of a function that answers no HTTP.
fn function(shop: &Shop, ingest: &Ingest) -> Runtime {
    reporting(shop.stack(), ingest).runtime().clone()
}

#[tokio::test]
async fn failed_call_of_a_function_without_http_is_reported() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let event = event_of_request(&shop, "SUBMITTED", "purchase_request.submitted").await;
    let expected = |request_id| ["stockroom-products", "stockroom-products", request_id, &shop.id].map(Some);

    // A mail that is not accepted fails its call.
    let ingest = Ingest::start().await;
    let runtime = function(&shop, &ingest);
    let notifier = Notifier::new(&runtime, TestTransport::planned([Fate::Throttled])).unwrap();
    runtime.call("call-1", notifier.notify(event)).await.unwrap_err();
    let [reported] = &ingest.errors()[..] else { panic!("one error: {:?}", ingest.errors()) };
    assert_eq!((tags(reported), error(reported)), (expected("call-1"), ("failed", "1 emails are not sent yet")));

    // A message of a queue fails alone; its call does not.
    let ingest = Ingest::start().await;
    let runtime = function(&shop, &ingest);
    let low_stock = LowStock::new(&runtime, TestTransport::default()).unwrap();
    let worker = Worker::new(&runtime, low_stock, TestBus::default());
    let mut of_tomorrow = due(Job::LowStock, &shop.id, "2026-11-23T09:00:00Z");
    of_tomorrow["detail"]["version"] = 2.into();
    let answer = runtime.call("call-2", worker.handle(batch(&[of_tomorrow]))).await.unwrap();
    assert_eq!(failed(&answer), ["0"]);
    let [reported] = &ingest.errors()[..] else { panic!("one error: {:?}", ingest.errors()) };
    assert_eq!(tags(reported), expected("call-2"));
    assert_eq!(error(reported).0, "message_failed");

    // So does a record of the stream.
    let ingest = Ingest::start().await;
    let runtime = function(&shop, &ingest);
    let bus = TestBus::default();
    let records = json!({"Records": [{"eventName": "INSERT", "dynamodb": {"NewImage": PERSONAL}}]});
    let relayed =
        async { Ok::<_, std::convert::Infallible>(stockroom_relay::relay(&bus, &runtime.sources, records).await) };
    assert_eq!(runtime.call("call-3", relayed).await.unwrap().batch_item_failures.len(), 1);
    let [reported] = &ingest.errors()[..] else { panic!("one error: {:?}", ingest.errors()) };
    assert_eq!((tags(reported)[2], error(reported).0), (Some("call-3"), "unreadable_record"));
    assert!(ingest.texts().iter().all(|text| !text.contains("Nancy")));

    // And a panic is one call's end.
    let stumble = async || -> Result<(), std::convert::Infallible> { panic!("over {PERSONAL}") };
    runtime.call("call-4", stumble()).await.unwrap_err();
    let reported = ingest.errors();
    assert_eq!((tags(&reported[1])[2], error(&reported[1]).0), (Some("call-4"), "panic"));
}
