//! A function as a process of its own, and what the operating system says of it.

use std::{fs, io, path::Path, process::Stdio, time::Duration};

use bytes::Bytes;
use tokio::process::{Child, Command};

use crate::endpoint::{Endpoint, Unanswered};

/// What Linux counts processor time in, for whoever reads `/proc`: a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);

/// A running function. It is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Function {
    child: Child,
    endpoint: Endpoint,
}

/// How much memory is resident.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Now, in KiB.
    pub(crate) now: u64,
    /// At most since the process began, in KiB.
    pub(crate) peak: u64,
}

impl Function {
    /// Starts a binary with these settings and no other.
    ///
    /// # Errors
    /// There is no such binary, or no free port.
    pub(crate) async fn start(binary: &Path, settings: &[(String, String)]) -> io::Result<Self> {
        let endpoint = Endpoint::open().await?;
        let child = Command::new(binary)
            .env_clear()
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .env("AWS_LAMBDA_RUNTIME_API", endpoint.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", binary.file_name().unwrap_or_default())
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_LAMBDA_LOG_GROUP_NAME", "")
            .env("AWS_LAMBDA_LOG_STREAM_NAME", "")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self { child, endpoint })
    }

    /// Waits until its start is over.
    ///
    /// # Errors
    /// It ended instead.
    pub(crate) async fn started(&mut self) -> Result<(), Unanswered> {
        tokio::select! {
            () = self.endpoint.started() => Ok(()),
            _ = self.child.wait() => Err(Unanswered::Gone),
        }
    }

    /// Has it answer an event.
    ///
    /// # Errors
    /// It failed, or it ended.
    pub(crate) async fn invoke(&mut self, event: Bytes) -> Result<Bytes, Unanswered> {
        tokio::select! {
            answer = self.endpoint.invoke(event) => answer,
            _ = self.child.wait() => {
                self.endpoint.abandon();
                Err(Unanswered::Gone)
            }
        }
    }

    /// Its process.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn id(&self) -> io::Result<u32> {
        self.child.id().ok_or_else(|| io::Error::other("the function has ended"))
    }

    /// The processor time of all its threads so far, in steps of 10 ms.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn processor(&self) -> io::Result<Duration> {
        processor(&fs::read_to_string(format!("/proc/{}/stat", self.id()?))?)
            .ok_or_else(|| io::Error::other("/proc tells no processor time"))
    }

    /// Its resident memory.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn memory(&self) -> io::Result<Memory> {
        memory(&fs::read_to_string(format!("/proc/{}/status", self.id()?))?)
            .ok_or_else(|| io::Error::other("/proc tells no memory"))
    }

    /// Ends it, and waits for that.
    ///
    /// # Errors
    /// It cannot be killed.
    pub(crate) async fn end(mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

/// The processor time of this process.
///
/// # Errors
/// `/proc` tells none.
pub(crate) fn own_processor() -> io::Result<Duration> {
    processor(&fs::read_to_string("/proc/self/stat")?).ok_or_else(|| io::Error::other("/proc tells no processor time"))
}

/// `utime` and `stime` of `/proc/<process>/stat`, proc(5).
fn processor(stat: &str) -> Option<Duration> {
    // The second member is the program's name in parentheses, whatever is in it.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = rest.split_whitespace().skip(11).map(|field| field.parse::<u32>().ok());
    Some(TICK * (ticks.next()?? + ticks.next()??))
}

/// `VmRSS` and `VmHWM` of `/proc/<process>/status`, proc(5).
fn memory(status: &str) -> Option<Memory> {
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(Memory { now: of("VmRSS:")?, peak: of("VmHWM:")? })
}
