//! From a schedule to the organizations.

use futures_util::{StreamExt as _, stream};
use stockroom_domain::time::Timestamp;
use stockroom_notify::{Bus, put_all};
use stockroom_store::Directory;

use crate::{Due, JobError, Task, Worker};

/// How many partitions of the directory are gone through at once.
const AT_ONCE: usize = 4;

impl<T: Task, B: Bus> Worker<T, B> {
    /// Puts one event on the bus for each organization concerned; tells for how many. No more of them are in memory than
    /// the pages of [`AT_ONCE`] partitions hold.
    ///
    /// # Errors
    /// [`JobError`], when every partition was tried: those whose page could be read and whose event was taken have it, and a
    /// second run puts all of them again.
    pub(crate) async fn fan_out(&self, at: Timestamp) -> Result<usize, JobError> {
        let shards = (0..Directory::SHARDS).map(|shard| self.fan_out_shard(shard, at));
        let results: Vec<_> = stream::iter(shards).buffer_unordered(AT_ONCE).collect().await;
        let mut organizations = 0_usize;
        for result in results {
            organizations = organizations.saturating_add(result?);
        }
        Ok(organizations)
    }

    async fn fan_out_shard(&self, shard: u8, at: Timestamp) -> Result<usize, JobError> {
        let (mut organizations, mut not_taken) = (0_usize, 0_usize);
        let mut after = None;
        loop {
            let (page, next) = self.store.directory().page(T::JOB.concerns(), shard, after).await?;
            let entries: Vec<_> = page.iter().map(|id| (*id, Due::new(*id, at).entry(T::JOB))).collect();
            organizations = organizations.saturating_add(entries.len());
            let failed = put_all(&self.bus, &self.sources, entries).await;
            not_taken = not_taken.saturating_add(failed.len());
            after = next;
            if after.is_none() {
                break;
            }
        }
        if not_taken == 0 { Ok(organizations) } else { Err(JobError::NotTaken(not_taken)) }
    }
}
