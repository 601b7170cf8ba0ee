//! The call of the schedule: one event for each organization.

use futures_util::{StreamExt as _, stream};
use stockroom_domain::time::Timestamp;
use stockroom_notify::{Bus, publish_all};
use stockroom_store::Directory;

use crate::{Due, JobError, Task, Worker};

/// The number of partitions of the directory that are read at once.
const CONCURRENCY: usize = 4;

impl<T: Task, B: Bus> Worker<T, B> {
    /// Publishes one event for each organization of the job and returns their number. At most the pages of
    /// [`CONCURRENCY`] partitions are in memory.
    ///
    /// # Errors
    /// [`JobError`], after all partitions were tried. A second run publishes all events again.
    pub(crate) async fn fan_out(&self, at: Timestamp) -> Result<usize, JobError> {
        let shards = (0..Directory::SHARDS).map(|shard| self.fan_out_shard(shard, at));
        let results: Vec<_> = stream::iter(shards).buffer_unordered(CONCURRENCY).collect().await;
        let mut organizations = 0_usize;
        for result in results {
            organizations = organizations.saturating_add(result?);
        }
        Ok(organizations)
    }

    async fn fan_out_shard(&self, shard: u8, at: Timestamp) -> Result<usize, JobError> {
        let (mut organizations, mut rejected) = (0_usize, 0_usize);
        let mut after = None;
        loop {
            let (page, next) = self.store.directory().page(T::JOB.organizations(), shard, after).await?;
            let entries: Vec<_> = page.iter().map(|id| (*id, Due::new(*id, at).entry(T::JOB))).collect();
            organizations = organizations.saturating_add(entries.len());
            let failed = publish_all(&self.bus, &self.sources, entries).await;
            rejected = rejected.saturating_add(failed.len());
            after = next;
            if after.is_none() {
                break;
            }
        }
        if rejected == 0 { Ok(organizations) } else { Err(JobError::Rejected(rejected)) }
    }
}
