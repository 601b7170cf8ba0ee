//! A stand-in for Sentry's ingest: it accepts envelopes on the loopback address and keeps them.

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// It takes everything.
    Takes,
    /// It has enough errors for a minute; transactions are welcome.
    HasEnoughErrors,
    /// It never answers.
    Silent,
}

/// One that runs until the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Ingest {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Envelope>>>,
    _server: Arc<JoinSet<Infallible>>,
}

/// The content of one request.
#[derive(Debug, Clone)]
struct Envelope {
    path: String,
    authorization: String,
    text: String,
}

impl Ingest {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::start_as(Manner::Takes).await
    }

    /// One that answers in this manner.
    pub async fn start_as(manner: Manner) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::<Mutex<Vec<Envelope>>>::default();
        let mut server = JoinSet::new();
        server.spawn(listen(listener, manner, Arc::clone(&received)));
        Self { address, received, _server: Arc::new(server) }
    }

    /// The value for `SENTRY_DSN`.
    #[must_use]
    pub fn dsn(&self) -> String {
        format!("http://key@{}/7", self.address)
    }

    /// How many requests came.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    /// Everything that came, as it came.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.received.lock().unwrap().iter().map(|envelope| envelope.text.clone()).collect()
    }

    /// The errors that came.
    #[must_use]
    pub fn errors(&self) -> Vec<Value> {
        self.items("event")
    }

    /// The traces that came.
    #[must_use]
    pub fn traces(&self) -> Vec<Value> {
        self.items("transaction")
    }

    fn items(&self, kind: &str) -> Vec<Value> {
        let received = self.received.lock().unwrap();
        let mut items = Vec::new();
        for envelope in received.iter() {
            assert_eq!(envelope.path, "/api/7/envelope/");
            assert!(envelope.authorization.contains("sentry_key=key"), "{}", envelope.authorization);
            let mut lines = envelope.text.lines().skip(1);
            while let (Some(header), Some(item)) = (lines.next(), lines.next()) {
                let header: Value = serde_json::from_str(header).unwrap();
                assert_eq!(header["length"], item.len());
                items.extend((header["type"] == kind).then(|| serde_json::from_str::<Value>(item).unwrap()));
            }
        }
        items
    }
}

async fn listen(listener: TcpListener, manner: Manner, received: Arc<Mutex<Vec<Envelope>>>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        connections.spawn(serve(stream, manner, Arc::clone(&received)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(stream: TcpStream, manner: Manner, received: Arc<Mutex<Vec<Envelope>>>) {
    let service = service_fn(|request| take(request, manner, &received));
    // It ends with an error when the client of a silent server leaves.
    http1::Builder::new().serve_connection(TokioIo::new(stream), service).await.unwrap_or_default();
}

async fn take(
    request: Request<Incoming>,
    manner: Manner,
    received: &Mutex<Vec<Envelope>>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let text = String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap();
    let authorization = head.headers.get("x-sentry-auth").map(|value| value.to_str().unwrap().to_owned());
    let has_error = text.contains(r#"{"type":"event""#);
    let envelope =
        Envelope { path: head.uri.path().to_owned(), authorization: authorization.unwrap_or_default(), text };
    received.lock().unwrap().push(envelope);
    let answer = Response::builder();
    let answer = match manner {
        Manner::Silent => std::future::pending().await,
        Manner::HasEnoughErrors if has_error => {
            answer.status(429).header("x-sentry-rate-limits", "60:error:organization")
        }
        Manner::Takes | Manner::HasEnoughErrors => answer,
    };
    Ok(answer.body(Full::new(Bytes::from_static(b"{}"))).unwrap())
}
