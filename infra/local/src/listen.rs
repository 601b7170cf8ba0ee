//! The stack's HTTP/1.1 listener, for this machine alone.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::gateway::Gateway;

const FINISH_WITHIN: Duration = Duration::from_secs(5);
/// How long to wait when no connection can be accepted, which passes once others have closed.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Why the stack does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has the port.
    #[error("port {0} is taken: stop what listens there or choose another with --port")]
    PortTaken(u16),
    /// A port below 1024, as a rule.
    #[error("port {0} is not yours to use: choose one above 1023 with --port")]
    PortForbidden(u16),
    /// The stack keeps its secrets and its mailbox open, so nothing but this machine may reach it.
    #[error("{0} is not a loopback address, and the local stack listens on no other")]
    NotLoopback(IpAddr),
    /// The system refused for a reason of its own.
    #[error("cannot listen: {0}")]
    Io(#[from] io::Error),
}

/// Takes a port of 127.0.0.1; 0 is any that is free.
///
/// # Errors
///
/// When the port is taken or may not be used.
pub async fn bind(port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            ListenError::PortTaken(port)
        } else if error.kind() == io::ErrorKind::PermissionDenied {
            ListenError::PortForbidden(port)
        } else {
            ListenError::Io(error)
        }
    })
}

/// Serves the gateway until `shutdown` is there; running requests then have 5 seconds to finish.
///
/// # Errors
///
/// When the listener is not one of this machine alone.
pub async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ListenError> {
    let address = listener.local_addr()?.ip();
    if !address.is_loopback() {
        return Err(ListenError::NotLoopback(address));
    }

    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(converse(stream, peer, Arc::clone(&gateway), graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(FINISH_WITHIN, graceful.shutdown()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests were cut off at shutdown");
    }
    connections.shutdown().await;
    Ok(())
}

async fn converse(stream: TcpStream, peer: SocketAddr, gateway: Arc<Gateway>, watcher: Watcher) {
    let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let gateway = Arc::clone(&gateway);
        async move { Ok::<_, Infallible>(gateway.call(request.map(Body::new), peer.ip()).await) }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "a connection ended badly");
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use http::Method;
    use jiff::Timestamp;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::{Notify, oneshot};
    use uuid::Uuid;

    use super::*;
    use crate::gateway::Function;

    #[tokio::test]
    async fn a_running_request_finishes_before_the_end() {
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (arrive, wait) = (Arc::clone(&arrived), Arc::clone(&release));
        let slow = get(async move || {
            arrive.notify_one();
            wait.notified().await;
            "done"
        });
        let function = Function {
            name: "slow",
            routes: vec![(Method::GET, "/slow".to_owned())],
            router: Router::new().route("/slow", slow),
        };
        let gateway = Arc::new(Gateway::new(vec![function], || Timestamp::UNIX_EPOCH, Uuid::max));
        let listener = bind(0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, gateway, async { stopped.await.unwrap_or_default() }));

        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(b"GET /slow HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
        arrived.notified().await;
        assert!(matches!(bind(address.port()).await, Err(ListenError::PortTaken(_))));
        drop(stop);
        tokio::task::yield_now().await;
        release.notify_one();

        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\ndone"), "{answer}");
        server.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn an_address_others_reach_is_refused() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        let gateway = Arc::new(Gateway::new(Vec::new(), || Timestamp::UNIX_EPOCH, Uuid::max));
        let refused = serve(listener, gateway, std::future::pending()).await.unwrap_err();
        assert!(matches!(refused, ListenError::NotLoopback(_)));
    }
}
