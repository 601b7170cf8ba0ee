//! Faults between a function and its table: a proxy before the embedded DynamoDB that loses, refuses and holds calls.
//! It answers as DynamoDB would.

mod answers;

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Uri, header::CONTENT_LENGTH, request::Parts};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo},
};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinSet,
};

use self::answers::{conflict, exception, server_error};
use crate::{
    calls::{self, Access},
    sources::SeededEntropy,
};

/// A fault of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The call is executed, and the connection breaks before the answer.
    LoseReply,
    /// The connection breaks before the call is executed.
    LoseCall,
    /// The call is executed, and no answer ever comes. The caller waits until its own time-out, in real seconds.
    Silence,
    /// 500 before the call is executed.
    RefuseBefore,
    /// 500 after the call is executed.
    RefuseAfter,
    /// `ProvisionedThroughputExceededException`.
    Throttle,
    /// Another transaction holds an item. Of writes.
    Conflict,
    /// The first attempt under the same token is still running. Of transactions.
    InProgress,
    /// Half of it: a batch read leaves keys unprocessed, a query stops after one item, which a filter may drop.
    Partial,
}

impl Fault {
    /// All faults that do not make the caller wait for its time-out.
    pub const QUICK: [Self; 8] = [
        Self::LoseReply,
        Self::LoseCall,
        Self::RefuseBefore,
        Self::RefuseAfter,
        Self::Throttle,
        Self::Conflict,
        Self::InProgress,
        Self::Partial,
    ];

    /// Whether DynamoDB can answer such a call with this fault.
    fn suits(self, operation: &str) -> bool {
        match self {
            Self::Conflict => is_write(operation),
            Self::InProgress => operation == "TransactWriteItems",
            Self::Partial => matches!(operation, "BatchGetItem" | "Query"),
            Self::LoseReply
            | Self::LoseCall
            | Self::Silence
            | Self::RefuseBefore
            | Self::RefuseAfter
            | Self::Throttle => true,
        }
    }
}

fn is_write(operation: &str) -> bool {
    matches!(operation, "TransactWriteItems" | "UpdateItem" | "PutItem" | "DeleteItem" | "BatchWriteItem")
}

/// The faults of one table. None happen until a test requests them; clones are the same faults.
#[derive(Debug, Clone)]
pub struct Faults {
    proxy: Arc<Proxy>,
    endpoint: String,
    _server: Arc<JoinSet<Infallible>>,
}

struct Proxy {
    table: Uri,
    client: Client<HttpConnector, Full<Bytes>>,
    rules: Mutex<Vec<Rule>>,
    entropy: SeededEntropy,
    happened: AtomicUsize,
    /// The calls of functions that use a path of their own.
    accesses: Mutex<BTreeSet<Access>>,
}

/// A rule: its calls and their fault.
struct Rule {
    calls: Calls,
    plan: Plan,
    /// The number of remaining calls; unlimited when it is `None`.
    left: Option<usize>,
}

#[derive(Debug, Clone, Copy)]
enum Calls {
    All,
    Writes,
    Of(&'static str),
}

enum Plan {
    /// One of these faults, in this percentage of calls.
    Play(Vec<Fault>, u32),
    Hold(Arc<Gate>),
    /// No fault, and later rules do not apply.
    Pass,
}

/// The fault of one call.
enum Fate {
    Fault(Fault),
    Held(Arc<Gate>),
}

#[derive(Default)]
struct Gate {
    arrived: Notify,
    opened: Notify,
}

/// A call that is held before the table. It continues when this is released or dropped.
#[must_use = "the call continues when this is dropped"]
pub struct Held(Arc<Gate>);

impl Held {
    /// Waits until a call is being held.
    pub async fn arrived(&self) {
        self.0.arrived.notified().await;
    }

    /// Lets the call continue.
    pub fn release(self) {}
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.opened.notify_one();
    }
}

impl Faults {
    pub(crate) async fn before(table: &str, seed: u64) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Arc::new(Proxy {
            table: table.parse().unwrap(),
            client: Client::builder(TokioExecutor::new()).build_http(),
            rules: Mutex::default(),
            entropy: SeededEntropy::new(seed, u64::MAX),
            happened: AtomicUsize::new(0),
            accesses: Mutex::default(),
        });
        let mut server = JoinSet::new();
        server.spawn(listen(listener, Arc::clone(&proxy)));
        Self { proxy, endpoint, _server: Arc::new(server) }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn accesses(&self) -> BTreeSet<Access> {
        self.proxy.accesses.lock().unwrap().clone()
    }

    /// From now on writes are executed and their replies are lost.
    pub fn lose_replies(&self) {
        self.play(Calls::Writes, Fault::LoseReply, None);
    }

    /// The next `count` calls of an operation are executed and their replies are lost.
    pub fn lose_next_replies_of(&self, operation: &'static str, count: usize) {
        self.next(Fault::LoseReply, operation, count);
    }

    /// The next `count` calls of an operation are answered with 500 and not executed.
    pub fn refuse_before(&self, operation: &'static str, count: usize) {
        self.next(Fault::RefuseBefore, operation, count);
    }

    /// The next `count` calls of any operation are throttled.
    pub fn throttle(&self, count: usize) {
        self.play(Calls::All, Fault::Throttle, Some(count));
    }

    /// The next `count` writes conflict with another transaction.
    pub fn conflict(&self, count: usize) {
        self.play(Calls::Writes, Fault::Conflict, Some(count));
    }

    /// The next `count` calls of an operation have this fault, if it applies to them.
    pub fn next(&self, fault: Fault, operation: &'static str, count: usize) {
        self.play(Calls::Of(operation), fault, Some(count));
    }

    /// From now on every call has this fault, if it applies to it.
    pub fn always(&self, fault: Fault) {
        self.play(Calls::All, fault, None);
    }

    /// From now on this percentage of calls has one of these faults, drawn from the stack's seed.
    pub fn storm(&self, percent: u32, faults: &[Fault]) {
        self.add(Calls::All, Plan::Play(faults.to_vec(), percent), None);
    }

    /// The next call of an operation is held before it is executed. Its caller times out after three real seconds.
    pub fn hold(&self, operation: &'static str) -> Held {
        let gate = Arc::new(Gate::default());
        self.add(Calls::Of(operation), Plan::Hold(Arc::clone(&gate)), Some(1));
        Held(gate)
    }

    /// The call after the next `calls`, of any operation, is held in the same way.
    pub fn hold_after(&self, calls: usize) -> Held {
        let gate = Arc::new(Gate::default());
        self.add(Calls::All, Plan::Pass, Some(calls));
        self.add(Calls::All, Plan::Hold(Arc::clone(&gate)), Some(1));
        Held(gate)
    }

    /// Ends all faults; held calls stay held.
    pub fn end(&self) {
        self.proxy.rules.lock().unwrap().clear();
    }

    /// How many calls have had a fault.
    #[must_use]
    pub fn happened(&self) -> usize {
        self.proxy.happened.load(Ordering::SeqCst)
    }

    fn play(&self, calls: Calls, fault: Fault, left: Option<usize>) {
        self.add(calls, Plan::Play(vec![fault], 100), left);
    }

    fn add(&self, calls: Calls, plan: Plan, left: Option<usize>) {
        self.proxy.rules.lock().unwrap().push(Rule { calls, plan, left });
    }
}

impl Calls {
    fn include(self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Writes => is_write(operation),
            Self::Of(one) => one == operation,
        }
    }
}

/// The connection ends without an answer.
#[derive(Debug)]
struct Lost;

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lost on purpose")
    }
}

impl std::error::Error for Lost {}

async fn listen(listener: TcpListener, proxy: Arc<Proxy>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(stream, Arc::clone(&proxy)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, proxy: Arc<Proxy>) {
    let service = service_fn(|request| Arc::clone(&proxy).answer(request));
    // It ends with an error whenever an answer is lost.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap_or_default();
}

impl Proxy {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Lost> {
        let (call, body) = request.into_parts();
        let body = body.collect().await.map_err(|_| Lost)?.to_bytes();
        let operation = operation(&call.headers);
        let function = call.uri.path().trim_matches('/');
        if !function.is_empty() {
            self.accesses.lock().unwrap().extend(calls::of(function, &operation, &body));
        }
        match self.fate(&operation) {
            None => self.forward(call, body).await,
            Some(Fate::Held(gate)) => {
                gate.arrived.notify_one();
                gate.opened.notified().await;
                self.forward(call, body).await
            }
            Some(Fate::Fault(fault)) => {
                self.happened.fetch_add(1, Ordering::SeqCst);
                self.play(fault, &operation, call, body).await
            }
        }
    }

    /// The fault of the first rule that applies to the call.
    fn fate(&self, operation: &str) -> Option<Fate> {
        let mut rules = self.rules.lock().unwrap();
        let concerned = rules.iter_mut().filter(|rule| rule.calls.include(operation) && rule.left != Some(0));
        for rule in concerned {
            let fate = match &rule.plan {
                Plan::Hold(gate) => Some(Fate::Held(Arc::clone(gate))),
                Plan::Pass => {
                    rule.left = rule.left.map(|left| left - 1);
                    return None;
                }
                Plan::Play(faults, percent) => {
                    let suitable: Vec<Fault> = faults.iter().copied().filter(|fault| fault.suits(operation)).collect();
                    self.entropy.pick(&suitable).filter(|_| self.entropy.happens(*percent)).map(Fate::Fault)
                }
            };
            if fate.is_some() {
                rule.left = rule.left.map(|left| left - 1);
                return fate;
            }
        }
        None
    }

    async fn play(
        &self,
        fault: Fault,
        operation: &str,
        call: Parts,
        body: Bytes,
    ) -> Result<Response<Full<Bytes>>, Lost> {
        match fault {
            Fault::LoseReply => self.forward(call, body).await.and(Err(Lost)),
            Fault::LoseCall => Err(Lost),
            Fault::Silence => {
                self.forward(call, body).await?;
                std::future::pending().await
            }
            Fault::RefuseBefore => Ok(server_error()),
            Fault::RefuseAfter => self.forward(call, body).await.map(|_| server_error()),
            Fault::Throttle => Ok(exception(
                "ProvisionedThroughputExceededException",
                json!({"message": "The level of configured provisioned throughput for the table was exceeded."}),
            )),
            Fault::Conflict => Ok(conflict(operation, &body)),
            Fault::InProgress => Ok(exception(
                "TransactionInProgressException",
                json!({"Message": "The transaction with the given request token is already in progress."}),
            )),
            Fault::Partial if operation == "Query" => {
                let mut request: Value = serde_json::from_slice(&body).unwrap();
                request["Limit"] = json!(1);
                self.forward(call, request.to_string().into()).await
            }
            Fault::Partial => self.forward_half(call, &body).await,
        }
    }

    async fn forward(&self, call: Parts, body: Bytes) -> Result<Response<Full<Bytes>>, Lost> {
        let mut request = Request::from_parts(call, Full::new(body));
        *request.uri_mut() = self.table.clone();
        // The body may be another than the one that came.
        request.headers_mut().remove(CONTENT_LENGTH);
        let (head, body) = self.client.request(request).await.map_err(|_| Lost)?.into_parts();
        Ok(Response::from_parts(head, Full::new(body.collect().await.map_err(|_| Lost)?.to_bytes())))
    }

    /// Half of a batch read; the other half of its keys stays unprocessed.
    async fn forward_half(&self, call: Parts, body: &Bytes) -> Result<Response<Full<Bytes>>, Lost> {
        let mut request: Value = serde_json::from_slice(body).unwrap();
        let mut unprocessed = request["RequestItems"].clone();
        let tables = request["RequestItems"].as_object_mut().unwrap();
        for (name, wanted) in tables.iter_mut() {
            let keys = wanted["Keys"].as_array_mut().unwrap();
            unprocessed[name]["Keys"] = keys.split_off(keys.len().div_ceil(2)).into();
        }
        unprocessed.as_object_mut().unwrap().retain(|_, left| left["Keys"] != json!([]));
        let (mut head, body) = self.forward(call, request.to_string().into()).await?.into_parts();
        let mut answer: Value = serde_json::from_slice(&body.collect().await.unwrap().to_bytes()).unwrap();
        answer["UnprocessedKeys"] = unprocessed;
        head.headers.remove(CONTENT_LENGTH);
        head.headers.remove("x-amz-crc32");
        Ok(Response::from_parts(head, Full::new(answer.to_string().into())))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy").field("table", &self.table).finish_non_exhaustive()
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// The operation after `DynamoDB_20120810.`.
fn operation(headers: &HeaderMap) -> String {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}
