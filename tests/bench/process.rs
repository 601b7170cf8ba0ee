//! A function as a process, with its processor time and memory.

use std::{fs, io, path::Path, process::Stdio, time::Duration};

use bytes::Bytes;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use crate::endpoint::{CallError, Endpoint};

/// The unit of processor times in `/proc`, a hundredth of a second.
const TICK: Duration = Duration::from_millis(10);

/// A running function. Dropping it kills the process.
#[derive(Debug)]
pub(crate) struct Function {
    child: Child,
    endpoint: Endpoint,
}

/// Resident memory of a process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Now, in KiB.
    pub(crate) now: u64,
    /// Peak since the start, in KiB.
    pub(crate) peak: u64,
}

impl Function {
    /// Starts a binary with these settings only.
    ///
    /// # Errors
    /// The binary does not exist, or no port is free.
    pub(crate) async fn start(binary: &Path, settings: Vec<(String, String)>) -> io::Result<Self> {
        Self::spawn(Command::new(binary), binary, settings).await
    }

    /// Starts a binary under callgrind, which writes the counted instructions to this file when the process is
    /// [terminated](Self::terminate).
    ///
    /// # Errors
    /// As [`start`](Self::start); or valgrind is not installed.
    pub(crate) async fn start_counted(
        binary: &Path,
        settings: Vec<(String, String)>,
        profile: &Path,
    ) -> io::Result<Self> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--quiet"]);
        valgrind.arg(format!("--callgrind-out-file={}", profile.display())).arg(binary);
        Self::spawn(valgrind, binary, settings).await
    }

    async fn spawn(mut command: Command, binary: &Path, settings: Vec<(String, String)>) -> io::Result<Self> {
        let endpoint = Endpoint::open().await?;
        let child = command
            .env_clear()
            .envs(settings)
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

    /// Calls the function with an event.
    ///
    /// # Errors
    /// The function failed or ended.
    pub(crate) async fn invoke(&mut self, event: Bytes) -> Result<Bytes, CallError> {
        tokio::select! {
            answer = self.endpoint.invoke(event) => answer,
            _ = self.child.wait() => {
                self.endpoint.abandon();
                Err(CallError::Ended)
            }
        }
    }

    /// Waits until the function requests its next event. Its start or its last call has then ended.
    ///
    /// # Errors
    /// The process ended.
    pub(crate) async fn idle(&mut self) -> Result<(), CallError> {
        tokio::select! {
            () = self.endpoint.idle() => Ok(()),
            _ = self.child.wait() => Err(CallError::Ended),
        }
    }

    /// The id of the process.
    ///
    /// # Errors
    /// The process ended.
    pub(crate) fn id(&self) -> io::Result<u32> {
        self.child.id().ok_or_else(|| io::Error::other("the process of the function ended"))
    }

    /// The processor time of all its threads so far, in steps of 10 ms.
    ///
    /// # Errors
    /// The process ended.
    pub(crate) fn processor(&self) -> io::Result<Duration> {
        processor(&fs::read_to_string(format!("/proc/{}/stat", self.id()?))?)
            .ok_or_else(|| io::Error::other("/proc has no processor time"))
    }

    /// Its resident memory.
    ///
    /// # Errors
    /// The process ended.
    pub(crate) fn memory(&self) -> io::Result<Memory> {
        memory(&fs::read_to_string(format!("/proc/{}/status", self.id()?))?)
            .ok_or_else(|| io::Error::other("/proc has no memory figures"))
    }

    /// Asks the process to end, and waits until it has.
    ///
    /// # Errors
    /// The process ended before.
    pub(crate) async fn terminate(mut self) -> io::Result<()> {
        let process = i32::try_from(self.id()?).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        kill_process(process, Signal::TERM)?;
        self.child.wait().await.map(|_| ())
    }

    /// Kills the process and waits for its end.
    ///
    /// # Errors
    /// The process cannot be killed.
    pub(crate) async fn end(mut self) -> io::Result<()> {
        self.child.kill().await
    }
}

/// The processor time of this process.
///
/// # Errors
/// `/proc` has no such figure.
pub(crate) fn own_processor() -> io::Result<Duration> {
    processor(&fs::read_to_string("/proc/self/stat")?).ok_or_else(|| io::Error::other("/proc has no processor time"))
}

/// `utime` and `stime` of `/proc/<process>/stat`, proc(5).
fn processor(stat: &str) -> Option<Duration> {
    // The second field is the name of the program in parentheses. It may contain spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut ticks = rest.split_whitespace().skip(11).map(|field| field.parse::<u32>().ok());
    Some(TICK * (ticks.next()?? + ticks.next()??))
}

/// `VmRSS` and `VmHWM` of `/proc/<process>/status`, proc(5).
fn memory(status: &str) -> Option<Memory> {
    let kib = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    Some(Memory { now: kib("VmRSS:")?, peak: kib("VmHWM:")? })
}
