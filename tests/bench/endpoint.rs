//! The Lambda runtime API for one process of a function. It delivers one event at a time and receives the answer.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::{
    collections::HashMap,
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::TcpListener,
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinSet,
};

const API: &str = "/2018-06-01/runtime/";

/// The deadline of all calls, in milliseconds since 1970: the year 2100.
const DEADLINE: &str = "4102444800000";

/// Why a call has no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum CallError {
    /// The function reported an error.
    #[error("the function failed: {0}")]
    Failed(String),
    /// The process or the endpoint ended.
    #[error("the process of the function ended")]
    Ended,
}

type Answer = Result<Bytes, CallError>;

/// The endpoint for `AWS_LAMBDA_RUNTIME_API` of one process. Dropping it stops the server.
#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    events: mpsc::UnboundedSender<(Bytes, oneshot::Sender<Answer>)>,
    shared: Arc<Shared>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    events: AsyncMutex<mpsc::UnboundedReceiver<(Bytes, oneshot::Sender<Answer>)>>,
    running: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
    calls: AtomicU64,
    /// The number of events that the function has asked for.
    requested: watch::Sender<u64>,
}

impl Endpoint {
    /// Opens an endpoint on a free loopback port.
    ///
    /// # Errors
    /// No port is free.
    pub(crate) async fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            events: AsyncMutex::new(waiting),
            running: Mutex::default(),
            calls: AtomicU64::new(0),
            requested: watch::Sender::new(0),
        });
        let mut server = JoinSet::new();
        server.spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { address, events, shared, _server: server })
    }

    /// The address of the endpoint.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the function requests its next event. Its start or its last call has then ended.
    pub(crate) async fn idle(&self) {
        let is_waiting = |requested: &u64| *requested > self.shared.calls.load(Ordering::Relaxed);
        // It fails only without a sender, which the endpoint owns.
        drop(self.shared.requested.subscribe().wait_for(is_waiting).await);
    }

    /// Calls the function with an event. Several events are answered in order, as on Lambda.
    ///
    /// # Errors
    /// The function failed or ended.
    pub(crate) async fn invoke(&self, event: Bytes) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.events.send((event, answer)).map_err(|_| CallError::Ended)?;
        answered.await.map_err(|_| CallError::Ended)?
    }

    /// Fails all calls that wait for an answer.
    pub(crate) fn abandon(&self) {
        self.shared.running().clear();
    }
}

impl Shared {
    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<String, oneshot::Sender<Answer>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let Some(path) = parts.uri.path().strip_prefix(API) else { return status(StatusCode::NOT_FOUND) };
        if (parts.method, path) == (Method::GET, "invocation/next") {
            return self.next().await;
        }
        let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
            return status(StatusCode::BAD_REQUEST);
        };
        let mut words = path.trim_start_matches("invocation/").splitn(2, '/');
        let (call, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let answer = if kind == "response" {
            Ok(body)
        } else {
            Err(CallError::Failed(String::from_utf8_lossy(&body).into_owned()))
        };
        match self.running().remove(call) {
            // The caller may have stopped waiting.
            Some(waiting) => drop(waiting.send(answer)),
            None => return status(StatusCode::NOT_FOUND),
        }
        status(StatusCode::ACCEPTED)
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.requested.send_modify(|requested| *requested = requested.saturating_add(1));
        let Some((event, answer)) = self.events.lock().await.recv().await else { return status(StatusCode::GONE) };
        let call = format!("00000000-0000-4000-8000-{:012}", self.calls.fetch_add(1, Ordering::Relaxed));
        let response = Response::builder()
            .header("content-type", "application/json")
            .header("lambda-runtime-aws-request-id", &call)
            .header("lambda-runtime-deadline-ms", DEADLINE)
            .header("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:bench")
            .body(Full::new(event));
        self.running().insert(call, answer);
        response.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR))
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        // Small messages are sent without delay.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(shared.answer(request).await) }
            });
            // A process may end without closing its connection.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
