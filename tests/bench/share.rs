//! The share of a processor that a function of some memory has on Lambda.
//!
//! A function has a whole one from 1,769 MB on and proportionally less below
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>). Here Linux keeps it to that by a control group,
//! which takes the right to make one: root's.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The memory in MB that comes with one processor.
const WHOLE: u64 = 1_769;

/// In µs, how often the share is given out anew.
const PERIOD: u64 = 20_000;

/// Why a process cannot be kept to a share: most often, that this is not root.
#[derive(Debug, thiserror::Error)]
#[error("no control group for processors can be made here: {0}")]
pub(crate) struct NoShare(#[from] io::Error);

/// A control group with one process in it. It is removed when it is dropped, for which the process must have ended.
#[derive(Debug)]
pub(crate) struct Share {
    group: PathBuf,
}

impl Share {
    /// Keeps a process to what comes with so many MB.
    pub(crate) fn of(process: u32, memory: u64) -> Result<Self, NoShare> {
        let quota = PERIOD.saturating_mul(memory).checked_div(WHOLE).unwrap_or(PERIOD);
        // Version 2 of control groups has one tree; version 1 has one for processors.
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
        // One that stays is empty and harmless.
        drop(fs::remove_dir(&self.group));
    }
}
