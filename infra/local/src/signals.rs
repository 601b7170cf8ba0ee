//! The signals that stop the process.

use std::io;

/// The signal of a write above the limit of the size of files, on Linux and macOS.
#[cfg(unix)]
const SIGXFSZ: i32 = 25;

/// Handles SIGINT and SIGTERM, or Ctrl-C on systems without signals. The future completes when one arrives.
///
/// # Errors
///
/// The system refuses a handler.
#[cfg(unix)]
pub(crate) fn stop_requested() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    // With a handler, a write above the limit of `ulimit -f` fails with an error, which names the file. Without one,
    // the signal ends the process.
    let file_size_limit = signal(SignalKind::from_raw(SIGXFSZ))?;
    Ok(async move {
        let _handled = file_size_limit;
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
            tracing::warn!(%error, "cannot wait for Ctrl-C");
            std::future::pending::<()>().await;
        }
    })
}
