//! What has been told of the levels that are low, so that each is told once, and again when it has lasted.
//!
//! The watch is one item of an organization. It keeps a digest of every low level that was told, and the mail that is
//! under way. A run that was stopped is finished by whichever comes next, with the very levels it had found; two at once
//! find the same mail under way.
//!
//! Index 1 lists the organizations where something may be low, so that nobody else is looked at. An organization is
//! entered when a level falls below its minimum, which `stock.low` tells, and with a minimum that is raised above a level;
//! it leaves the list when nothing was low for a while.

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
        retry::Patience,
        table::Conditional,
    },
    error::StoreError,
    keys::{OrganizationKeys, level_sort, parse_level},
    stock::{levels::LevelView, low_list::mark},
    write::access::Table,
};

/// After which time what is still low is told again.
pub const REMIND_AFTER: Duration = Duration::from_hours(7 * 24);
/// The most levels that one mail shows.
pub const MOST_SHOWN: usize = 50;
/// For how long an organization stays listed though nothing is low: longer than an index lags behind.
const LISTED_FOR: Duration = Duration::from_hours(1);
/// For how long a mail is tried that somebody does not get; what is newer waits behind it.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(24);
/// The attribute of the digests.
const TOLD: &str = "told";
/// The bytes of a digest.
const DIGEST: usize = 8;

/// What is to be told of low stock.
#[derive(Debug, Clone)]
pub struct LowStock {
    /// The run that found it, which names its mail.
    pub at: Timestamp,
    /// At most [`MOST_SHOWN`] levels: those that are newly low, and, in a reminder, the others.
    pub levels: Vec<LevelView>,
    /// How many had become low since the last mail.
    pub fresh: usize,
    /// How many were low in all.
    pub count: usize,
    /// How many more than the mail shows were to be told.
    pub more: usize,
    /// Whether it tells again what was told before.
    pub is_reminder: bool,
}

/// See the module's first lines.
#[derive(Debug, Default, Deserialize)]
struct WatchRecord {
    /// Rises with every mail that is begun; none before the first.
    revision: Option<u64>,
    /// When a level was last seen to become low, in milliseconds; none when the organization is in no list.
    marked_at: Option<u64>,
    /// When all that was low was last told.
    reminded_at: Option<Timestamp>,
    /// The last mail.
    mail: Option<MailRecord>,
    /// Digests of the levels that were told, one behind the other.
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

    /// Enters the organization into the list of those where something may be low.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn mark(&self) -> Result<(), StoreError> {
        let (key, mark, always) = mark(self.organization, self.table.sources.now());
        self.table.update(&key, &mark, &always).await.map(|_| ())
    }

    /// What is to be told by the run of that moment: the mail that a run before it left unfinished, or what became low
    /// since the last mail, together with what still is if that is due again. `None` when there is nothing to tell, or
    /// the run's mail is finished.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn due(&self, at: Timestamp) -> Result<Option<LowStock>, StoreError> {
        let mut patience = Patience::new();
        loop {
            let watch = self.read().await?;
            match &watch.mail {
                Some(mail) if !mail.is_done && mail.at.plus(GIVEN_UP_AFTER) > at => {
                    return self.low_stock(mail).await.map(Some);
                }
                Some(mail) if mail.is_done && mail.at == at => return Ok(None),
                Some(mail) if !mail.is_done => {
                    tracing::error!(organization = %self.organization, at = %mail.at, "a mail about low stock is given up");
                }
                Some(_) | None => {}
            }
            // A mail is known by its moment, so that of a run that comes late is put behind the last one's.
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
            let shown = fresh.iter().chain(others.iter().filter(|_| is_reminder)).take(MOST_SHOWN);
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
            patience.pause(&self.table.sources, "the watch kept changing").await?;
        }
    }

    /// Writes down that everybody was told what [`due`](Self::due) gave.
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

    /// Leaves the list for good: the organization has ended.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn leave(&self) -> Result<(), StoreError> {
        let leave = expression("REMOVE #marked_at, #i1pk, #i1sk");
        let is_there = expression("attribute_exists(#pk)");
        self.table.update(&self.keys().low_watch(), &leave, &is_there).await.map(|_| ())
    }

    /// Leaves the list when nothing was low for a while. What became low meanwhile enters it again: it moves the mark.
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

/// That no run has written since.
fn is_as_read(watch: &WatchRecord) -> Expression {
    match watch.revision {
        None => expression("attribute_not_exists(#revision)"),
        Some(revision) => expression("#revision = :revision").with("revision", n(revision)),
    }
}

/// Tells a level, and since when it is low, from any other.
fn short_digest(place: &str) -> [u8; DIGEST] {
    let mut short = [0; DIGEST];
    short.iter_mut().zip(digest(&SHA256, place.as_bytes()).as_ref()).for_each(|(short, byte)| *short = *byte);
    short
}

fn place_name(level: &Key) -> Option<String> {
    parse_level(level).map(|(product, warehouse)| level_sort(product, warehouse))
}
