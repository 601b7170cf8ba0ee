//! The HTTP/1.1 server of the gateway and the table, on loopback addresses only.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause after a failed accept. It usually succeeds once other connections have closed.
const ACCEPT_RETRY_PAUSE: Duration = Duration::from_millis(50);

/// The maximum number of further attempts to bind port 0, when the port is taken on `[::1]`.
const MAX_FREE_PORT_ATTEMPTS: u8 = 16;

/// Why the stack cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another process has the port.
    #[error("port {0} is taken: stop the process that listens there, or choose another port with --port")]
    PortTaken(u16),
    /// The user may not use the port, usually because it is below 1024.
    #[error("port {0} requires rights that you do not have: choose a port above 1023 with --port")]
    PortForbidden(u16),
    /// The stack shows mails and links without a sign-in, so other machines must not reach it.
    #[error("{0} is not a loopback address: the local stack listens on loopback addresses only")]
    NotLoopback(IpAddr),
    /// Another error of the system.
    #[error("cannot listen on a loopback address: {0}. Choose another port with --port")]
    Io(#[from] io::Error),
}

/// A port of 127.0.0.1 and, where the system has it, of `[::1]`: `localhost` can mean both.
#[derive(Debug)]
pub struct Listener {
    v4: TcpListener,
    v6: Option<TcpListener>,
}

impl From<TcpListener> for Listener {
    fn from(v4: TcpListener) -> Self {
        Self { v4, v6: None }
    }
}

impl Listener {
    /// The address of 127.0.0.1 with its port.
    ///
    /// # Errors
    ///
    /// An error of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.v4.local_addr()
    }

    /// Whether it also listens on `[::1]`.
    #[must_use]
    pub fn has_v6(&self) -> bool {
        self.v6.is_some()
    }

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.v6 {
            Some(v6) => tokio::select! {
                accepted = self.v4.accept() => accepted,
                accepted = v6.accept() => accepted,
            },
            None => self.v4.accept().await,
        }
    }
}

/// Binds a port of the loopback addresses; 0 takes one that is free on all of them.
///
/// # Errors
///
/// The port is taken or not allowed.
pub async fn bind(port: u16) -> Result<Listener, ListenError> {
    let mut attempts = 0_u8;
    loop {
        let v4 = bind_address(Ipv4Addr::LOCALHOST.into(), port).await?;
        match bind_address(Ipv6Addr::LOCALHOST.into(), v4.local_addr()?.port()).await {
            Ok(v6) => return Ok(Listener { v4, v6: Some(v6) }),
            Err(ListenError::PortTaken(_)) if port == 0 && attempts < MAX_FREE_PORT_ATTEMPTS => attempts += 1,
            Err(taken @ ListenError::PortTaken(_)) => return Err(taken),
            // The system has no IPv6.
            Err(_) => return Ok(v4.into()),
        }
    }
}

async fn bind_address(address: IpAddr, port: u16) -> Result<TcpListener, ListenError> {
    TcpListener::bind((address, port)).await.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrInUse {
            ListenError::PortTaken(port)
        } else if error.kind() == io::ErrorKind::PermissionDenied {
            ListenError::PortForbidden(port)
        } else {
            ListenError::Io(error)
        }
    })
}

/// Answers requests until `shutdown` completes; running requests then have 5 seconds to finish. `answer` gets the
/// address of the client.
///
/// # Errors
///
/// The listener is not on a loopback address.
pub async fn serve<A, F>(listener: Listener, answer: A, shutdown: impl Future<Output = ()>) -> Result<(), ListenError>
where
    A: Fn(Request<Body>, IpAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let address = listener.v4.local_addr()?.ip();
    if !address.is_loopback() {
        return Err(ListenError::NotLoopback(address));
    }

    let answer = Arc::new(answer);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(converse(stream, peer, Arc::clone(&answer), graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!(
            connections = connections.len(),
            "requests aborted, because they did not finish within 5 s of the shutdown"
        );
    }
    connections.shutdown().await;
    Ok(())
}

async fn converse<A, F>(stream: TcpStream, peer: SocketAddr, answer: Arc<A>, watcher: Watcher)
where
    A: Fn(Request<Body>, IpAddr) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let service = service_fn(|request: Request<hyper::body::Incoming>| {
        let answered = answer(request.map(Body::new), peer.ip());
        async move { Ok::<_, Infallible>(answered.await) }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(connection).await {
        tracing::debug!(%error, "connection failed");
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::sync::{Notify, oneshot};

    use super::*;

    #[tokio::test]
    async fn shutdown_during_a_request_waits_for_its_answer() {
        let (arrived, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (arrive, wait) = (Arc::clone(&arrived), Arc::clone(&release));
        let slow = move |_, _| {
            let (arrive, wait) = (Arc::clone(&arrive), Arc::clone(&wait));
            async move {
                arrive.notify_one();
                wait.notified().await;
                Response::new(Body::from("done"))
            }
        };
        let listener = bind(0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, slow, async { stopped.await.unwrap_or_default() }));

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
    async fn serve_answers_on_every_loopback_address() {
        let listener = bind(0).await.unwrap();
        let mut addresses = vec![listener.local_addr().unwrap()];
        if listener.has_v6() {
            addresses.push((Ipv6Addr::LOCALHOST, addresses[0].port()).into());
        }
        let echo = async |_, peer: IpAddr| Response::new(Body::from(peer.to_string()));
        let server = tokio::spawn(serve(listener, echo, std::future::pending()));
        for address in addresses {
            let mut client = TcpStream::connect(address).await.unwrap();
            client.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert!(answer.ends_with(&format!("\r\n\r\n{}", address.ip())), "{address}: {answer}");
        }
        server.abort();
    }

    #[tokio::test]
    async fn bind_of_a_port_that_is_taken_on_v6_is_refused() {
        let Ok(other) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).await else { return };
        let port = other.local_addr().unwrap().port();
        // A link to `localhost` would reach the other process.
        assert!(matches!(bind(port).await, Err(ListenError::PortTaken(taken)) if taken == port));
    }

    #[tokio::test]
    async fn serve_on_a_public_address_is_refused() {
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        let nothing = async |_, _| Response::new(Body::empty());
        let refused = serve(listener.into(), nothing, std::future::pending()).await.unwrap_err();
        assert!(matches!(refused, ListenError::NotLoopback(_)));
    }
}
