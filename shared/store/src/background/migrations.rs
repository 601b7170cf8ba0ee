//! Migrations: they bring stored items to the current version of their shape while the product uses them. The file is
//! long because it is one program: list, position, run, and write of an item.
//!
//! A migration stores the upgraded form of old items ([`crate::schema`]), because filters and keys of indexes see
//! stored items only. Each item is written under the condition that it is still as read; otherwise it is read and
//! upgraded again. So every write of the product wins, and deleted items stay deleted. Companions of an item are added
//! in the same transaction under the same condition.
//!
//! A migration finds organizations in the directory, and their items by queries. It therefore reads only the kind that
//! it changes, and needs no right to scan the table. It saves its position after each page; the next run continues
//! there.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use stockroom_domain::{
    catalogue::{ProductDetails, SupplierDetails, WarehouseDetails},
    id::{EntryId, OrganizationId, ProductId},
    time::Timestamp,
};

use crate::{
    catalogue::{barcodes::barcode_pointers, stored::Stored as _},
    dynamo::{
        expression::{Expression, always, expression},
        item::{Item, attributes, s},
        key::{Index, Key},
        page::Position,
        query::{Query, Range},
        retry::Backoff,
        table::Conditional,
    },
    error::StoreError,
    keys::{DIRECTORY_SHARDS, MIGRATIONS, OrganizationKeys, PRODUCT, directory, migration, migration_run},
    purchasing::{COUNTED_WITH, count_holds, count_prices},
    upgrades::upgrade,
    write::{
        Change,
        access::Table,
        fence::{REQUEST_CHANGES, REQUESTS, counted},
    },
};

/// How long a run may be silent before it counts as stopped.
pub const RUN_LEASE: Duration = Duration::from_mins(1);
/// How many organizations one call reads.
const ORGANIZATIONS: usize = 100;
/// How many items are written in parallel.
const AT_ONCE: usize = 8;
/// Sorts after every id.
const LAST: &str = "g";

/// A migration: the items that it upgrades, and their companions.
#[derive(Debug)]
pub struct Migration {
    /// Its number and name. Migrations run in this order.
    pub id: &'static str,
    /// Its purpose.
    pub purpose: &'static str,
    partitions: fn(OrganizationKeys) -> Vec<String>,
    /// The items that the present product writes with an item of the current version.
    companions: fn(OrganizationKeys, &Item) -> Result<Vec<Item>, StoreError>,
    recounts: Option<Recount>,
}

/// A counter that a migration corrects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Recount {
    /// How many purchase requests have prices, on their counter.
    Prices,
    /// How many lines of open purchase requests hold a product, on the product.
    Holds,
}

impl Recount {
    /// The attributes that change whenever the count does.
    fn fences(self) -> &'static [&'static str] {
        match self {
            Self::Prices => &COUNTED_WITH,
            Self::Holds => &[REQUESTS, REQUEST_CHANGES],
        }
    }
}

/// Every migration, in the order in which they run.
pub const MIGRATIONS_OF_THIS_PROGRAM: &[Migration] = &[
    Migration {
        id: "0001-find-users-by-text",
        purpose: "users who signed up before users could be listed are found by name and address",
        partitions: |keys| vec![keys.users()],
        companions: |_, _| Ok(Vec::new()),
        recounts: None,
    },
    Migration {
        id: "0003-sort-and-search-catalogue",
        purpose: "products, suppliers and warehouses sort before those whose names begin with theirs, \
                  and are found without accents",
        partitions: |keys| {
            [ProductDetails::KIND, SupplierDetails::KIND, WarehouseDetails::KIND]
                .map(|kind| keys.catalogue(kind))
                .to_vec()
        },
        companions: |_, _| Ok(Vec::new()),
        recounts: None,
    },
    Migration {
        id: "0004-find-users-without-accents",
        purpose: "users are found by names and addresses without accents",
        partitions: |keys| vec![keys.users()],
        companions: |_, _| Ok(Vec::new()),
        recounts: None,
    },
    Migration {
        id: "0005-find-products-by-barcode",
        purpose: "products that got their barcode before barcodes were looked up are found by it",
        partitions: |keys| vec![keys.catalogue(PRODUCT)],
        companions: barcode_pointers,
        recounts: None,
    },
    Migration {
        id: "0007-count-prices",
        purpose: "organizations whose purchase requests have no prices can change their currency",
        partitions: |keys| vec![keys.counters()],
        companions: |_, _| Ok(Vec::new()),
        recounts: Some(Recount::Prices),
    },
    Migration {
        id: "0008-count-open-lines",
        purpose: "products can be deleted exactly if no line of an open purchase request names them",
        partitions: |keys| vec![keys.catalogue(PRODUCT)],
        companions: |_, _| Ok(Vec::new()),
        recounts: Some(Recount::Holds),
    },
];

/// The state of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrationState {
    /// It never began.
    Pending,
    /// It was started. A run that is silent for [`RUN_LEASE`] was stopped.
    Running(MigrationRun),
    /// It is complete; this is the last run.
    Done(MigrationRun),
}

/// A run, complete or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MigrationRun {
    /// Its id.
    pub run: String,
    /// The migration's id.
    pub migration: String,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last saved its position.
    pub seen_at: Timestamp,
    /// When it was complete.
    pub done_at: Option<Timestamp>,
    /// The number of items read.
    pub looked_at: u64,
    /// The number of items changed.
    pub changed: u64,
    /// How often the product changed an item first, so that it was read again.
    pub overtaken: u64,
}

/// Where the next run continues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    shard: u8,
    organization: Option<OrganizationId>,
    /// The last item read there; none if all were.
    item: Option<(String, String)>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct StateRecord {
    #[serde(flatten)]
    run: MigrationRun,
    place: Place,
}

/// How a migration runs.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How many items one page has.
    pub page: usize,
    /// The pause between two pages, which leaves capacity to others.
    pub pause: Duration,
}

/// Why a migration stopped. Its changes stay.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Another run is in progress.
    #[error("another run is under way; if it was stopped, it can be taken up a minute after {seen_at}")]
    UnderWay {
        /// When that run last saved its position.
        seen_at: Timestamp,
    },
    /// An item cannot be upgraded. The migration stops there until it can.
    #[error("the item {pk} / {sk} cannot be brought to the current version: {reason}")]
    Unreadable {
        /// Its partition key.
        pk: String,
        /// Its sort key.
        sk: String,
        /// The error.
        reason: StoreError,
    },
    /// The table did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// See [`crate::Store::migrations`].
#[derive(Debug, Clone, Copy)]
pub struct Migrations<'a> {
    table: &'a Table,
}

/// How many lines of open purchase requests hold each product.
type Holds = BTreeMap<ProductId, i64>;

/// The result for an item.
struct Brought {
    is_changed: bool,
    overtaken: u64,
}

impl<'a> Migrations<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// Every migration of this program with its state.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn current(&self) -> Result<Vec<(&'static Migration, MigrationState)>, StoreError> {
        let mut states = Vec::new();
        for migration in MIGRATIONS_OF_THIS_PROGRAM {
            let state = match self.read(migration).await? {
                None => MigrationState::Pending,
                Some(record) if record.run.done_at.is_some() => MigrationState::Done(record.run),
                Some(record) => MigrationState::Running(record.run),
            };
            states.push((migration, state));
        }
        Ok(states)
    }

    /// Every run, oldest first within its migration.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn history(&self) -> Result<Vec<MigrationRun>, StoreError> {
        let items = self.table.query_all(Query::new(MIGRATIONS.to_owned(), 1_000)).await?;
        let is_run = |item: &&Item| item.get("sk").and_then(|sk| sk.as_s().ok()).is_some_and(|sk| sk.contains('#'));
        items.iter().filter(is_run).map(attributes).collect()
    }

    /// Runs one migration from its saved position; `None` if it is done, unless `again` is set. `follow` is called
    /// after each page.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn up(
        &self,
        migration: &Migration,
        again: bool,
        pace: Pace,
        mut follow: impl FnMut(&MigrationRun),
    ) -> Result<Option<MigrationRun>, MigrateError> {
        let Some(mut state) = self.begin(migration, again).await? else { return Ok(None) };
        for shard in state.place.shard..DIRECTORY_SHARDS {
            if shard != state.place.shard {
                state.place = Place { shard, ..Place::default() };
            }
            let from = state.place.organization.map(|id| id.to_string()).unwrap_or_default();
            let range = Range::Between(from, LAST.to_owned());
            let mut query = Query { range, ..Query::index(Index::One, directory(None, shard), ORGANIZATIONS) };
            loop {
                let found = self.table.query(&query).await?;
                let (_, sort) = Index::One.key_names();
                let id = |item: &Item| item.get(sort)?.as_s().ok()?.parse().ok();
                for organization in found.items.iter().filter_map(id) {
                    self.up_organization(migration, &mut state, organization, pace, &mut follow).await?;
                }
                query.after = found.last;
                if query.after.is_none() {
                    break;
                }
            }
        }
        state.run.done_at = Some(self.table.sources.now());
        self.save(&mut state).await?;
        Ok(Some(state.run))
    }

    async fn up_organization(
        &self,
        migration: &Migration,
        state: &mut StateRecord,
        organization: OrganizationId,
        pace: Pace,
        follow: &mut impl FnMut(&MigrationRun),
    ) -> Result<(), MigrateError> {
        let left_at = match &state.place {
            Place { organization: Some(id), item: None, .. } if *id == organization => return Ok(()),
            Place { organization: Some(id), item, .. } if *id == organization => item.clone(),
            Place { .. } => None,
        };
        let keys = OrganizationKeys(organization);
        let partitions = (migration.partitions)(keys);
        let first = left_at.as_ref().and_then(|(pk, _)| partitions.iter().position(|partition| partition == pk));
        let mut after = left_at.map(|(pk, sk)| Position::of(&Key::new(pk, sk).attributes(), &["pk", "sk"]));
        let last = partitions.len().saturating_sub(1);
        for (number, partition) in partitions.into_iter().enumerate().skip(first.unwrap_or_default()) {
            let mut query = Query { after: after.take(), ..Query::new(partition, pace.page) };
            loop {
                let found = self.table.query_stored(&query).await?;
                self.up_page(migration, keys, &mut state.run, found.items).await?;
                let left_at =
                    found.last.as_ref().and_then(|last| Some((last.get("pk")?.to_owned(), last.get("sk")?.to_owned())));
                // Between two partitions, the run continues at the beginning of the next one; after the last, nothing
                // remains.
                let item = left_at.or_else(|| (number < last).then(|| (query.partition.clone(), LAST.to_owned())));
                state.place = Place { organization: Some(organization), item, ..state.place };
                self.save(state).await?;
                follow(&state.run);
                tokio::time::sleep(pace.pause).await;
                query.after = found.last;
                if query.after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn up_page(
        &self,
        migration: &Migration,
        keys: OrganizationKeys,
        run: &mut MigrationRun,
        items: Vec<Item>,
    ) -> Result<(), MigrateError> {
        let count = items.len();
        let holds = match migration.recounts {
            Some(Recount::Holds) => {
                let products: Vec<Key> = items.iter().filter_map(Key::of).collect();
                Some(count_holds(self.table, keys, &products).await?)
            }
            Some(Recount::Prices) | None => None,
        };
        let items = items.into_iter().map(|item| self.bring(migration, keys, item, holds.as_ref()));
        let brought = stream::iter(items).buffer_unordered(AT_ONCE);
        let results: Vec<Result<Brought, MigrateError>> = brought.collect().await;
        for result in results {
            let Brought { is_changed, overtaken } = result?;
            run.changed = run.changed.saturating_add(u64::from(is_changed));
            run.overtaken = run.overtaken.saturating_add(overtaken);
        }
        run.looked_at = run.looked_at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Brings one item to the current version, even if it changes meanwhile.
    async fn bring(
        &self,
        migration: &Migration,
        keys: OrganizationKeys,
        mut stored: Item,
        mut holds: Option<&Holds>,
    ) -> Result<Brought, MigrateError> {
        let mut backoff = Backoff::new();
        let mut overtaken = 0_u64;
        loop {
            let key = Key::of(&stored).ok_or_else(|| StoreError::internal("an item has no key"))?;
            let unreadable = |reason| MigrateError::Unreadable { pk: key.pk.clone(), sk: key.sk.clone(), reason };
            let current = upgrade(stored.clone()).map_err(unreadable)?;
            let current = match migration.recounts {
                Some(Recount::Prices) if key == keys.requests_counter() => {
                    count_prices(self.table, keys, current).await?
                }
                Some(Recount::Holds) => match holds.take() {
                    Some(holds) => with_holds(current, holds),
                    None => with_holds(current, &count_holds(self.table, keys, std::slice::from_ref(&key)).await?),
                },
                Some(Recount::Prices) | None => current,
            };
            let companions = (migration.companions)(keys, &current).map_err(unreadable)?;
            let missing = self.missing(companions).await?;
            if current == stored && missing.is_empty() {
                if self.is_still(&key, &stored, migration.recounts).await? {
                    return Ok(Brought { is_changed: false, overtaken });
                }
            } else if self.write(&key, (&stored, &current), missing, migration.recounts).await? == Conditional::Done {
                return Ok(Brought { is_changed: true, overtaken });
            }
            overtaken = overtaken.saturating_add(1);
            let Some(now_stored) = self.table.get_stored(&key).await? else {
                return Ok(Brought { is_changed: false, overtaken });
            };
            stored = now_stored;
            backoff.after_conflict(&self.table.sources, "the product changed an item at every attempt").await?;
        }
    }

    /// Whether a count that is as it was stored is right: it has not changed since the item was read.
    async fn is_still(&self, key: &Key, stored: &Item, recount: Option<Recount>) -> Result<bool, StoreError> {
        let Some(recount) = recount else { return Ok(true) };
        let now = self.table.get_stored(key).await?;
        Ok(now.is_none_or(|now| recount.fences().iter().all(|name| now.get(*name) == stored.get(*name))))
    }

    /// The items that do not exist yet.
    async fn missing(&self, mut items: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        if !items.is_empty() {
            let keys: Vec<Key> = items.iter().filter_map(Key::of).collect();
            let found = self.table.get(&keys).await?;
            items.retain(|item| Key::of(item).is_none_or(|key| !found.contains_key(&key)));
        }
        Ok(items)
    }

    /// Writes an item's current state and its missing companions, if the item is as stored.
    async fn write(
        &self,
        key: &Key,
        (stored, current): (&Item, &Item),
        missing: Vec<Item>,
        recount: Option<Recount>,
    ) -> Result<Conditional, StoreError> {
        let (update, as_read) = rewrite(stored, current, recount);
        if missing.is_empty() {
            return Ok(self.table.update(key, &update, &as_read).await?.0);
        }
        let change = Change::following(());
        let change =
            if current == stored { change.check(key, &as_read)? } else { change.update(key, &update, &as_read)? };
        let change = missing.into_iter().try_fold(change, |change, item| change.put(item, &always()))?;
        self.table.commit(change).await
    }

    async fn read(&self, migration: &Migration) -> Result<Option<StateRecord>, StoreError> {
        self.table.get_stored(&key(migration)).await?.as_ref().map(attributes).transpose()
    }

    /// Starts a run, unless another one is in progress or the migration is done.
    async fn begin(&self, migration: &Migration, again: bool) -> Result<Option<StateRecord>, MigrateError> {
        let now = self.table.sources.now();
        let before = self.read(migration).await?;
        let place = match &before {
            Some(StateRecord { run, .. }) if run.done_at.is_some() && !again => return Ok(None),
            Some(StateRecord { run, place }) if run.done_at.is_none() => {
                if now < run.seen_at.plus(RUN_LEASE) {
                    return Err(MigrateError::UnderWay { seen_at: run.seen_at });
                }
                if again { Place::default() } else { place.clone() }
            }
            Some(_) | None => Place::default(),
        };
        let run = MigrationRun {
            run: self.table.sources.id::<EntryId>(now).to_string(),
            migration: migration.id.to_owned(),
            started_at: now,
            seen_at: now,
            done_at: None,
            looked_at: 0,
            changed: 0,
            overtaken: 0,
        };
        let state = StateRecord { run, place };
        // After a lost reply the condition finds this run itself.
        let condition = match &before {
            None => expression("attribute_not_exists(#pk) OR #run = :own"),
            Some(before) => expression("(#run = :before AND #seen_at = :seen) OR #run = :own")
                .with("before", s(&before.run.run))
                .with("seen", s(before.run.seen_at)),
        };
        let condition = condition.with("own", s(&state.run.run));
        if self.table.update(&key(migration), &assign(&state)?, &condition).await?.0 == Conditional::Refused {
            return Err(MigrateError::UnderWay { seen_at: now });
        }
        self.record(&state.run).await?;
        Ok(Some(state))
    }

    /// Saves the position, as long as this run has the migration.
    async fn save(&self, state: &mut StateRecord) -> Result<(), MigrateError> {
        state.run.seen_at = self.table.sources.now();
        let saved = self.table.update(&migration(&state.run.migration), &assign(state)?, &is_of(&state.run)).await?;
        if saved.0 == Conditional::Refused {
            return Err(MigrateError::UnderWay { seen_at: state.run.seen_at });
        }
        self.record(&state.run).await
    }

    /// The run's own item, for the history.
    async fn record(&self, run: &MigrationRun) -> Result<(), MigrateError> {
        let key = migration_run(&run.migration, &run.run);
        self.table.update(&key, &assign(run)?, &always()).await?;
        Ok(())
    }
}

fn key(migration: &Migration) -> Key {
    crate::keys::migration(migration.id)
}

fn is_of(run: &MigrationRun) -> Expression {
    expression("#run = :own").with("own", s(&run.run))
}

/// The update that sets these attributes, and removes those that are null.
fn assign(record: &impl Serialize) -> Result<Expression, StoreError> {
    let item: Item = serde_dynamo::to_item(record).map_err(StoreError::internal)?;
    let (gone, set): (Vec<_>, Vec<_>) = item.into_iter().partition(|(_, value)| value.is_null());
    Ok(setting(set, gone.into_iter().map(|(name, _)| name)))
}

/// A product with the number of lines that hold it.
fn with_holds(mut product: Item, holds: &Holds) -> Item {
    let id = product.get("sk").and_then(|id| id.as_s().ok()?.parse().ok());
    let count = id.and_then(|id: ProductId| holds.get(&id).copied()).unwrap_or_default();
    if counted(&product, REQUESTS) != count {
        product.insert(REQUESTS.to_owned(), AttributeValue::N(count.to_string()));
    }
    product
}

/// The update from one state of an item to another, and the condition that the item is as stored: in all attributes,
/// or in those that a recount relies on, because a busy counter changes all the time.
fn rewrite(stored: &Item, current: &Item, recount: Option<Recount>) -> (Expression, Expression) {
    let set = current.iter().filter(|(name, value)| stored.get(*name) != Some(value));
    let set: Vec<_> = set.map(|(name, value)| (name.clone(), value.clone())).collect();
    let gone = stored.keys().filter(|name| !current.contains_key(*name));
    let mut as_read = expression("attribute_exists(#pk)");
    let fences = recount.map_or(&[][..], Recount::fences);
    let names: BTreeSet<&str> = set.iter().map(|(name, _)| name.as_str()).chain(fences.iter().copied()).collect();
    for name in names.into_iter().filter(|name| !stored.contains_key(*name)) {
        as_read = as_read.and(expression(format!("attribute_not_exists(#{name})")));
    }
    let is_compared = |name: &str| match recount {
        Some(Recount::Prices) => fences.contains(&name),
        Some(Recount::Holds) | None => !matches!(name, "pk" | "sk"),
    };
    for (name, value) in stored.iter().filter(|(name, _)| is_compared(name)) {
        let was = format!("was_{name}");
        as_read = as_read.and(expression(format!("#{name} = :{was}")).with(&was, value.clone()));
    }
    (setting(set, gone.cloned()), as_read)
}

fn setting(set: Vec<(String, AttributeValue)>, gone: impl Iterator<Item = String>) -> Expression {
    let sets = set.iter().map(|(name, _)| format!("#{name} = :{name}")).collect::<Vec<_>>().join(", ");
    let removes = gone.map(|name| format!("#{name}")).collect::<Vec<_>>().join(", ");
    let part = |word: &str, parts: String| if parts.is_empty() { parts } else { format!("{word} {parts} ") };
    let text = part("SET", sets) + &part("REMOVE", removes);
    set.into_iter().fold(expression(text.trim_end()), |update, (name, value)| update.with(&name, value))
}
