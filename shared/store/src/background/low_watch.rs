//! Mail about low levels: each level is reported once, and again while it stays low.
//!
//! One item of an organization has a digest of every reported level and the mail in progress. The next run finishes
//! an interrupted mail with the same levels; two runs at once find the same mail in progress.
//!
//! Index 1 lists the organizations that may have low levels, and the job reads no others. An organization enters the
//! list when a level falls below its minimum (`stock.low`), or a minimum rises above a level. It leaves the list
//! after a while without low levels.

use std::{collections::HashSet, time::Duration};

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use stockroom_domain::{id::OrganizationId, time::Timestamp};

use crate::{
    background::reporting::Reporting,
    dynamo::{
        expression::{Expression, expression},
        item::{attributes, b, encode, n, s},
        key::Key,
        retry::Backoff,
        table::Conditional,
    },
    error::StoreError,
    keys::{OrganizationKeys, level_sort, parse_level},
    stock::{levels::LevelView, low_list::mark},
    write::access::Table,
};

/// When levels that stay low are reported again.
pub const REMIND_AFTER: Duration = Duration::from_hours(7 * 24);
/// The most levels that a mail shows.
pub const MAX_SHOWN: usize = 50;
/// How long an organization stays listed without low levels: longer than an index lags.
const LISTED_FOR: Duration = Duration::from_hours(1);
/// How long a mail is retried for a recipient that does not get it; later mail waits for it.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);
/// The attribute of the digests.
const TOLD: &str = "told";
/// The bytes of a digest.
const DIGEST: usize = 8;

/// A report of low levels.
#[derive(Debug, Clone)]
pub struct LowStock {
    /// The time of the run that found it, which identifies the mail.
    pub at: Timestamp,
    /// At most [`MAX_SHOWN`] levels: new ones, and in a reminder also the others.
    pub levels: Vec<LevelView>,
    /// How many became low since the last mail.
    pub fresh: usize,
    /// How many were low in total.
    pub count: usize,
    /// How many reported levels the mail does not show.
    pub more: usize,
    /// Whether it repeats levels that were reported before.
    pub is_reminder: bool,
}

/// See the module's first lines.
#[derive(Debug, Default, Deserialize)]
struct WatchRecord {
    /// Rises with every mail; none before the first.
    revision: Option<u64>,
    /// When a level last became low, in milliseconds; none if the organization is in no list.
    marked_at: Option<u64>,
    /// When all low levels were last reported.
    reminded_at: Option<Timestamp>,
    /// The last mail.
    mail: Option<MailRecord>,
    /// Digests of the reported levels, concatenated.
    #[serde(skip)]
    told: Vec<u8>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct MailRecord {
    at: Timestamp,
    /// Products and warehouses of the levels that it shows.
    levels: Vec<String>,
    fresh: usize,
    count: usize,
    is_reminder: bool,
    is_done: bool,
}

/// See [`crate::Store::low_watch`].
#[derive(Debug, Clone, Copy)]
pub struct LowWatch<'a> {
    table: &'a Table,
    organization: OrganizationId,
}

impl<'a> LowWatch<'a> {
    pub(crate) fn new(table: &'a Table, organization: OrganizationId) -> Self {
        Self { table, organization }
    }

    fn keys(&self) -> OrganizationKeys {
        OrganizationKeys(self.organization)
    }

    /// Adds the organization to the list of those with low levels.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mark(&self) -> Result<(), StoreError> {
        let (key, mark, always) = mark(self.organization, self.table.sources.now());
        self.table.update(&key, &mark, &always).await.map(|_| ())
    }

    /// The report of the run at that time: an unfinished mail of an earlier run, or the new low levels, and the
    /// others if a reminder is due. `None` without anything to report, or if the run's mail is finished.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due(&self, at: Timestamp) -> Result<Option<LowStock>, StoreError> {
        let mut backoff = Backoff::new();
        loop {
            let watch = self.read().await?;
            match &watch.mail {
                Some(mail) if !mail.is_done && mail.at.plus(GIVEN_UP_AFTER) > at => {
                    return self.low_stock(mail).await.map(Some);
                }
                Some(mail) if mail.is_done && mail.at == at => return Ok(None),
                Some(mail) if !mail.is_done => {
                    let organization = self.organization;
                    tracing::error!(%organization, at = %mail.at, "mail about low stock dropped after its last retry");
                }
                Some(_) | None => {}
            }
            // A mail is identified by its time, so a late run gets a time after the last mail.
            let last_mail = watch.mail.as_ref().map(|mail| mail.at.plus(Duration::from_millis(1)));
            let mailed_at = last_mail.map_or(at, |earliest| earliest.max(at));
            let places = Reporting::new(self.table, self.organization).low_places().await?;
            let told: HashSet<&[u8]> = watch.told.chunks(DIGEST).collect();
            let digests: Vec<[u8; DIGEST]> = places.iter().map(|(_, place)| short_digest(place)).collect();
            let is_fresh = |place: usize| digests.get(place).is_some_and(|digest| !told.contains(digest.as_slice()));
            let (fresh, others): (Vec<usize>, Vec<usize>) = (0..places.len()).partition(|place| is_fresh(*place));
            let last = watch.reminded_at.unwrap_or(at).min(at);
            let is_reminder = !others.is_empty() && last.plus(REMIND_AFTER) <= at;
            if fresh.is_empty() && !is_reminder {
                self.tidy(&watch, places.len()).await?;
                return Ok(None);
            }
            let shown = fresh.iter().chain(others.iter().filter(|_| is_reminder)).take(MAX_SHOWN);
            let mail = MailRecord {
                at: mailed_at,
                levels: shown.filter_map(|place| place_name(&places.get(*place)?.0)).collect(),
                fresh: fresh.len(),
                count: places.len(),
                is_reminder,
                is_done: false,
            };
            let reminded_at = if is_reminder || others.is_empty() { at } else { last };
            let plan = expression("SET #told = :told, #reminded_at = :reminded_at, #mail = :mail, #revision = :next")
                .with("told", b(digests.concat()))
                .with("reminded_at", s(reminded_at))
                .with("mail", encode(&mail)?);
            if self.write(plan, &watch, is_as_read(&watch)).await? == Conditional::Done {
                return self.low_stock(&mail).await.map(Some);
            }
            backoff.after_conflict(&self.table.sources, "the watch kept changing").await?;
        }
    }

    /// Records that the mail of [`due`](Self::due) is finished.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn finish(&self, told: &LowStock) -> Result<(), StoreError> {
        let done = expression("SET #mail.#is_done = :done").with("done", encode(&true)?);
        let is_this = expression("#mail.#at = :at").with("at", s(told.at));
        self.table.update(&self.keys().low_watch(), &done, &is_this).await.map(|_| ())
    }

    async fn read(&self) -> Result<WatchRecord, StoreError> {
        let key = self.keys().low_watch();
        let items = self.table.get(std::slice::from_ref(&key)).await?;
        let Some(item) = items.get(&key) else { return Ok(WatchRecord::default()) };
        let told = item.get(TOLD).and_then(|told| told.as_b().ok()).map(|told| told.as_ref().to_vec());
        Ok(WatchRecord { told: told.unwrap_or_default(), ..attributes(item)? })
    }

    async fn low_stock(&self, mail: &MailRecord) -> Result<LowStock, StoreError> {
        let keys: Vec<Key> = mail.levels.iter().filter_map(|name| self.keys().level_of(name)).collect();
        let levels = Reporting::new(self.table, self.organization).low_levels(&keys).await?;
        let MailRecord { at, fresh, count, is_reminder, .. } = *mail;
        let more = if is_reminder { count } else { fresh }.saturating_sub(mail.levels.len());
        Ok(LowStock { at, levels, fresh, count, more, is_reminder })
    }

    /// Removes an ended organization from the list.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn leave(&self) -> Result<(), StoreError> {
        let leave = expression("REMOVE #marked_at, #i1pk, #i1sk");
        let is_there = expression("attribute_exists(#pk)");
        self.table.update(&self.keys().low_watch(), &leave, &is_there).await.map(|_| ())
    }

    /// Removes the organization from the list after a while without low levels. A level that becomes low meanwhile
    /// keeps it listed, because it changes `marked_at`.
    async fn tidy(&self, watch: &WatchRecord, low: usize) -> Result<(), StoreError> {
        let quiet_since = self.table.sources.now().minus(LISTED_FOR).unix_millis();
        let Some(marked_at) = watch.marked_at.filter(|at| low == 0 && *at < quiet_since) else { return Ok(()) };
        let leave = expression("SET #revision = :next REMOVE #told, #marked_at, #i1pk, #i1sk");
        let is_unmarked = expression("#marked_at = :marked").with("marked", n(marked_at));
        self.write(leave, watch, is_as_read(watch).and(is_unmarked)).await.map(|_| ())
    }

    async fn write(
        &self,
        update: Expression,
        read: &WatchRecord,
        condition: Expression,
    ) -> Result<Conditional, StoreError> {
        let update = update.with("next", n(read.revision.unwrap_or_default().saturating_add(1)));
        Ok(self.table.update(&self.keys().low_watch(), &update, &condition).await?.0)
    }
}

/// The condition that no run has written since.
fn is_as_read(watch: &WatchRecord) -> Expression {
    match watch.revision {
        None => expression("attribute_not_exists(#revision)"),
        Some(revision) => expression("#revision = :revision").with("revision", n(revision)),
    }
}

/// A digest of a level and the time since it is low.
fn short_digest(place: &str) -> [u8; DIGEST] {
    let mut short = [0; DIGEST];
    short.iter_mut().zip(digest(&SHA256, place.as_bytes()).as_ref()).for_each(|(short, byte)| *short = *byte);
    short
}

fn place_name(level: &Key) -> Option<String> {
    parse_level(level).map(|(product, warehouse)| level_sort(product, warehouse))
}
