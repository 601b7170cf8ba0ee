//! Lambda's runtime API for one process of a function: it hands out one event at a time and takes the answer.
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
    sync::{Mutex as AsyncMutex, Notify, mpsc, oneshot},
    task::JoinSet,
};

const API: &str = "/2018-06-01/runtime/";

/// Far enough away that no call runs into it: milliseconds since 1970.
const DEADLINE: &str = "4102444800000";

/// Why an event got no answer.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Unanswered {
    /// The function says that it failed.
    #[error("the function failed: {0}")]
    Failed(String),
    /// The process is gone, or the endpoint is.
    #[error("the function is gone")]
    Gone,
}

type Answer = Result<Bytes, Unanswered>;

/// The endpoint that a process is given as `AWS_LAMBDA_RUNTIME_API`. It ends when it is dropped.
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
    started: Notify,
}

impl Endpoint {
    /// Opens one on a free port of the loopback address.
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
            started: Notify::new(),
        });
        let mut server = JoinSet::new();
        server.spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { address, events, shared, _server: server })
    }

    /// Where it listens.
    #[must_use]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the function asks for its first event: its start is over.
    pub(crate) async fn started(&self) {
        self.shared.started.notified().await;
    }

    /// Has the function answer an event; several are answered one after the other, as Lambda has it.
    ///
    /// # Errors
    /// The function failed, or is no more.
    pub(crate) async fn invoke(&self, event: Bytes) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.events.send((event, answer)).map_err(|_| Unanswered::Gone)?;
        answered.await.map_err(|_| Unanswered::Gone)?
    }

    /// Lets whoever waits for an answer know that none will come.
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
        let (call, what) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let answer = if what == "response" {
            Ok(body)
        } else {
            Err(Unanswered::Failed(String::from_utf8_lossy(&body).into_owned()))
        };
        match self.running().remove(call) {
            // Whoever asked may have stopped waiting.
            Some(waiting) => drop(waiting.send(answer)),
            None => return status(StatusCode::NOT_FOUND),
        }
        status(StatusCode::ACCEPTED)
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.started.notify_one();
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
        // As small messages as these wait for nothing.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            let service = service_fn(|request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(shared.answer(request).await) }
            });
            // A process that ends closes its connection as it likes.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}
