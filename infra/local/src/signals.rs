//! When the process is asked to end.

use std::io;

/// Takes SIGINT and SIGTERM (or Ctrl-C, where there are no signals) over from the system; the future is there once one
/// arrives.
///
/// # Errors
///
/// When the system does not give them.
#[cfg(unix)]
pub(crate) fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// See above.
#[cfg(not(unix))]
pub(crate) fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    let interrupted = tokio::signal::ctrl_c();
    Ok(async move {
        if let Err(error) = interrupted.await {
            tracing::warn!(%error, "cannot tell when to stop");
            std::future::pending::<()>().await;
        }
    })
}
