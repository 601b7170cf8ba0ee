//! Events on the bus, and the mail that follows from them.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod links;
mod local;
mod mail;
pub(crate) mod relay;
mod samples;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use axum::body::Body;
use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};
use stockroom_local::{gateway::Gateway, local_routes, services::LocalServices};
use stockroom_notifications::Notifier;
use stockroom_notify::{Bus, BusEntry, Message, SendError, Transport};
use tokio::task::yield_now;

/// A shop, and the local services around its functions.
pub(crate) async fn shop() -> (Shop, Arc<LocalServices>) {
    let stack = Stack::start().await;
    let services = LocalServices::new(stack.runtime(), stack.database().clone()).unwrap();
    (Shop::open(&stack, "acme").await, Arc::new(services))
}

/// The answer of one of the local stack's own routes.
pub(crate) async fn look(services: &Arc<LocalServices>, path: &str) -> (http::response::Parts, String) {
    ask(services, http::Request::get(path).body(Body::empty()).unwrap()).await
}

/// The answer to any request.
pub(crate) async fn ask(
    services: &Arc<LocalServices>,
    mut request: http::Request<Body>,
) -> (http::response::Parts, String) {
    let gateway = Gateway::new(Vec::new(), || unreachable!("no function is asked"), || "0".repeat(32).parse().unwrap())
        .with_local(local_routes::router(Arc::clone(services)));
    request.headers_mut().insert("host", http::HeaderValue::from_static("localhost"));
    let (parts, body) = gateway.call(request, [127, 0, 0, 1].into()).await.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts, String::from_utf8(body.to_vec()).unwrap())
}

/// The items of a JSON answer of the local stack.
pub(crate) async fn items(services: &Arc<LocalServices>, path: &str) -> Vec<Value> {
    let (parts, body) = look(services, path).await;
    assert_eq!(parts.status, 200);
    serde_json::from_str::<Value>(&body).unwrap()["items"].as_array().unwrap().clone()
}

/// The events of a type that were put on the bus.
async fn published(services: &Arc<LocalServices>, kind: &str) -> Vec<Value> {
    let events = items(services, "/_local/events.json").await;
    events.into_iter().filter(|event| event["detail-type"] == kind).collect()
}

/// A bus with a plan: for each call the entries to reject. Without a plan it accepts all.
/// Clones share the plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestBus {
    refused: Arc<Mutex<VecDeque<Vec<usize>>>>,
    calls: Arc<Mutex<Vec<Vec<BusEntry>>>>,
    taken: Arc<Mutex<Vec<Value>>>,
}

impl TestBus {
    pub(crate) fn refusing(plan: impl IntoIterator<Item = Vec<usize>>) -> Self {
        Self { refused: Arc::new(Mutex::new(plan.into_iter().collect())), ..Self::default() }
    }

    pub(crate) fn taken(&self) -> Vec<Value> {
        self.taken.lock().unwrap().clone()
    }

    /// How many entries each call had.
    pub(crate) fn calls(&self) -> Vec<usize> {
        self.calls.lock().unwrap().iter().map(Vec::len).collect()
    }
}

impl Bus for TestBus {
    async fn put(&self, entries: &[BusEntry]) -> Vec<Result<(), String>> {
        self.calls.lock().unwrap().push(entries.to_vec());
        let refused = self.refused.lock().unwrap().pop_front().unwrap_or_default();
        let put = |(place, entry): (usize, &BusEntry)| {
            if refused.contains(&place) {
                return Err("not now".to_owned());
            }
            let detail: Value = serde_json::from_str(&entry.detail).unwrap();
            self.taken
                .lock()
                .unwrap()
                .push(json!({"source": entry.source, "type": entry.detail_type, "detail": detail}));
            Ok(())
        };
        entries.iter().enumerate().map(put).collect()
    }
}

/// The results of the next mails; all later ones are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Refused,
    Throttled,
    /// Accepted, and the answer lost.
    Lost,
}

/// A stand-in for SES; clones share its state.
#[derive(Debug, Clone, Default)]
pub(crate) struct TestTransport {
    fates: Arc<Mutex<VecDeque<Fate>>>,
    accepted: Arc<Mutex<Vec<Message>>>,
}

impl TestTransport {
    pub(crate) fn planned(fates: impl IntoIterator<Item = Fate>) -> Self {
        Self { fates: Arc::new(Mutex::new(fates.into_iter().collect())), ..Self::default() }
    }

    /// The recipients of accepted mails, sorted.
    pub(crate) fn recipients(&self) -> Vec<String> {
        let accepted = self.accepted.lock().unwrap();
        let mut to: Vec<_> = accepted.iter().map(|mail| mail.to.email().to_string()).collect();
        to.sort();
        to
    }

    pub(crate) fn mails(&self) -> Vec<Message> {
        self.accepted.lock().unwrap().clone()
    }
}

impl Transport for TestTransport {
    async fn send(&self, mail: &Message) -> Result<(), SendError> {
        // Other tasks run meanwhile, so that two senders of one mail would both arrive here.
        for _ in 0..8 {
            yield_now().await;
        }
        let fate = self.fates.lock().unwrap().pop_front();
        if matches!(fate, None | Some(Fate::Lost)) {
            self.accepted.lock().unwrap().push(mail.clone());
        }
        match fate {
            None => Ok(()),
            Some(Fate::Refused) => Err(SendError::Refused("no such mailbox".to_owned())),
            Some(Fate::Throttled) => Err(SendError::Unavailable("too many".to_owned())),
            Some(Fate::Lost) => Err(SendError::Unavailable("no answer".to_owned())),
        }
    }
}

/// A consumer of the bus, in a process of its own, that sends by this mailer.
fn notifier(shop: &Shop, mailer: &TestTransport) -> Notifier<TestTransport> {
    Notifier::new(shop.stack().another_process().runtime(), mailer.clone()).unwrap()
}

/// The unpublished events of a type, oldest first, as the bus delivers them.
async fn untold(shop: &Shop, kind: &str) -> Vec<Value> {
    let bus = TestBus::default();
    let records = json!({"Records": relay::records(shop)});
    stockroom_relay::relay(&bus, &shop.stack().runtime().sources, records).await;
    delivered(&bus).into_iter().filter(|event| event["detail-type"] == kind).collect()
}

/// The events that a bus accepted, oldest first, as it delivers them.
pub(crate) fn delivered(bus: &TestBus) -> Vec<Value> {
    let mut events = bus.taken();
    events.sort_by_key(|event| event["detail"]["id"].to_string());
    let envelope = |event: Value| {
        json!({
            "version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602", "detail-type": event["type"],
            "source": "stockroom", "account": "123456789012", "time": event["detail"]["occurred_at"],
            "region": "eu-central-1", "resources": [],
            "detail": event["detail"],
        })
    };
    events.into_iter().map(envelope).collect()
}

/// The last event of a type, once a purchase request of staff's has this status.
pub(crate) async fn event_of_request(shop: &Shop, status: &str, kind: &str) -> Value {
    let product = shop.product("SKU-1").await;
    shop.request(&product, 2, status).await;
    untold(shop, kind).await.pop().unwrap()
}
