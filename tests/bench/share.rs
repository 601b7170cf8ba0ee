//! The processor share that Lambda gives to a function by its memory.
//!
//! A function has one processor at 1,769 MB and proportionally less below
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>). Here a Linux control group limits it,
//! which only root can create.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The memory in MB that gives one processor.
const ONE_PROCESSOR: u64 = 1_769;

/// The period of the quota, in µs.
const PERIOD: u64 = 20_000;

/// Why the share of a process cannot be limited. The usual reason is that the user is not root.
#[derive(Debug, thiserror::Error)]
#[error("cannot create a control group, which requires root: {0}")]
pub(crate) struct NoShare(#[from] io::Error);

/// A control group of one process. Dropping it removes the group, if the process has ended.
#[derive(Debug)]
pub(crate) struct Share {
    group: PathBuf,
}

impl Share {
    /// Limits a process to the share of this many MB.
    pub(crate) fn of(process: u32, memory: u64) -> Result<Self, NoShare> {
        let quota = PERIOD.saturating_mul(memory).checked_div(ONE_PROCESSOR).unwrap_or(PERIOD);
        // Version 2 of control groups has one tree, version 1 a tree for processors.
        let first = Path::new("/sys/fs/cgroup/cpu");
        let root = if first.is_dir() { first } else { Path::new("/sys/fs/cgroup") };
        let share = Self { group: root.join(format!("stockroom-bench-{process}")) };
        fs::create_dir(&share.group)?;
        if root == first {
            fs::write(share.group.join("cpu.cfs_period_us"), PERIOD.to_string())?;
            fs::write(share.group.join("cpu.cfs_quota_us"), quota.to_string())?;
        } else {
            fs::write(share.group.join("cpu.max"), format!("{quota} {PERIOD}"))?;
        }
        fs::write(share.group.join("cgroup.procs"), process.to_string())?;
        Ok(share)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        // A group that remains is empty and harmless.
        drop(fs::remove_dir(&self.group));
    }
}
