//! The purge of an ended organization: all its items, leaves first, the organization and its subdomain last.
//!
//! A page of a partition is deleted in one transaction with the purge's own item, which counts the deleted items. So
//! the counts are right wherever a call stops, and the next call continues. Each call raises the item's revision; a
//! call that finds another revision stops. When everything is deleted, the item stays as a summary and no call
//! deletes anything, so a late call cannot harm the next owner of the subdomain.
//!
//! Some partitions are known only from the log: the stored responses of a user, the levels of a warehouse. They are
//! deleted just before the entry that created the user or warehouse. Credentials are deleted by their users'
//! addresses and never read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    id::{OrganizationId, UserId, WarehouseId},
    log::{Action, Entity},
    organization::{Organization, Subdomain},
    time::Timestamp,
    user::User,
};

use crate::{
    background::cleaning::Budget,
    dynamo::{
        expression::{Expression, always, expression, version_is},
        item::{Item, attributes, data, n, s, with_attributes},
        key::{Index, Key},
        query::Query,
        table::Conditional,
    },
    error::StoreError,
    keys::{OrganizationKeys, SHARDS, credential, kind, onboarding_idempotency, purge, purged, tenant},
    write::{Change, access::Table},
};

/// The maximum number of items per transaction, which holds 100 actions; one of them counts.
const PAGE: usize = 99;
/// The maximum number of users per transaction, whose credentials are deleted with them.
const USERS: usize = PAGE / 2;

/// The progress of a call of the purge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purge {
    /// Everything is deleted.
    Done(Purged),
    /// The budget is spent; the next call continues.
    MoreToDo,
    /// Another call continues, or has finished.
    Overtaken,
}

/// The summary of a purge, the only item that remains of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    pub organization: OrganizationId,
    pub subdomain: Subdomain,
    /// When it ended.
    pub deleted_at: Timestamp,
    pub begun_at: Timestamp,
    pub finished_at: Timestamp,
    /// The number of deleted items by kind.
    pub items: BTreeMap<String, u64>,
}

/// The purge's own item.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct PurgeRecord {
    organization: OrganizationId,
    subdomain: Subdomain,
    deleted_at: Timestamp,
    begun_at: Timestamp,
    finished_at: Option<Timestamp>,
    revision: u64,
    items: BTreeMap<String, u64>,
}

/// See [`crate::Store::purging`].
#[derive(Debug, Clone, Copy)]
pub struct Purging<'a> {
    table: &'a Table,
}

impl<'a> Purging<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// Deletes the remaining items of an organization, up to the budget. Takes over from a call in progress.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Internal`] for an organization that has not ended.
    pub async fn purge(&self, organization: &Organization, budget: &mut Budget) -> Result<Purge, StoreError> {
        let Some(mut run) = Run::begin(self.table, organization).await? else { return Ok(Purge::Overtaken) };
        match run.everything(budget).await? {
            Swept::Empty => run.finish().await,
            Swept::OverBudget => Ok(Purge::MoreToDo),
            Swept::Overtaken => Ok(Purge::Overtaken),
        }
    }
}

/// The progress in one partition, or in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Swept {
    Empty,
    OverBudget,
    Overtaken,
}

/// A call's part of the purge.
struct Run<'a> {
    table: &'a Table,
    organization: &'a Organization,
    keys: OrganizationKeys,
    /// The purge's item as this call left it last.
    record: PurgeRecord,
}

/// The subject of a log entry.
#[derive(Debug, Deserialize)]
struct Subject {
    action: Action,
    entity: Entity,
    entity_id: Option<String>,
}

impl<'a> Run<'a> {
    /// Takes the purge over; `None` when it is finished, or another call was faster.
    async fn begin(table: &'a Table, organization: &'a Organization) -> Result<Option<Self>, StoreError> {
        let key = purge(organization.id);
        let known = table.get(std::slice::from_ref(&key)).await?;
        let known: Option<PurgeRecord> = known.get(&key).map(attributes).transpose()?;
        let Some(deleted_at) = organization.deleted_at else {
            return Err(StoreError::internal("purge of an organization that has not ended"));
        };
        let first = PurgeRecord {
            organization: organization.id,
            subdomain: organization.subdomain.clone(),
            deleted_at,
            begun_at: table.sources.now(),
            finished_at: None,
            revision: 0,
            items: BTreeMap::new(),
        };
        let (as_read, known) = match known {
            None => (expression("attribute_not_exists(#pk)"), first),
            Some(known) if known.finished_at.is_some() => return Ok(None),
            Some(known) => (is_at(known.revision), known),
        };
        let record = PurgeRecord { revision: known.revision.saturating_add(1), ..known };
        let mut run = Self { table, organization, keys: OrganizationKeys(organization.id), record };
        let taken = run.commit(Change::following(()), &[], as_read).await?;
        Ok((taken == Conditional::Done).then_some(run))
    }

    /// Deletes everything except the organization itself and its subdomain.
    async fn everything(&mut self, budget: &mut Budget) -> Result<Swept, StoreError> {
        let keys = self.keys;
        let mut partitions: Vec<String> = (0..SHARDS).map(|shard| keys.movement_shard(shard)).collect();
        partitions.push(keys.requests());
        partitions.extend((0..SHARDS).map(|shard| keys.log_shard(shard)));
        partitions.extend([keys.counters(), keys.claims(), keys.low(), keys.skus(), keys.barcodes()]);
        partitions.extend(["PRODUCT", "SUPPLIER", "WAREHOUSE"].map(|kind| keys.catalogue(kind)));
        partitions.push(onboarding_idempotency(&self.organization.subdomain));
        partitions.push(keys.users());
        for partition in partitions {
            let swept = self.sweep(&partition, budget).await?;
            if swept != Swept::Empty {
                return Ok(swept);
            }
        }
        Ok(Swept::Empty)
    }

    /// Deletes a partition page by page. Partitions that are known only from its items are deleted before each page.
    async fn sweep(&mut self, partition: &str, budget: &mut Budget) -> Result<Swept, StoreError> {
        let examine = if partition == self.keys.users() { USERS } else { PAGE };
        while !budget.is_spent() {
            let found = self.table.query(&Query::new(partition.to_owned(), examine)).await?;
            if found.items.is_empty() && found.last.is_none() {
                return Ok(Swept::Empty);
            }
            for leaf in self.leaves(partition, &found.items)? {
                let swept = Box::pin(self.sweep(&leaf, budget)).await?;
                if swept != Swept::Empty {
                    return Ok(swept);
                }
            }
            let mut going: Vec<(Key, Expression)> =
                found.items.iter().filter_map(Key::of).map(|key| (key, always())).collect();
            if partition == self.keys.users() {
                going.extend(found.items.iter().map(|user| self.credential(user)).collect::<Result<Vec<_>, _>>()?);
            }
            budget.spend(going.len());
            if self.delete(&going).await? == Conditional::Refused {
                return Ok(Swept::Overtaken);
            }
        }
        Ok(Swept::OverBudget)
    }

    /// The partitions that are known only from a page of the log.
    fn leaves(&self, partition: &str, items: &[Item]) -> Result<Vec<String>, StoreError> {
        if kind(partition) != "LOG" {
            return Ok(Vec::new());
        }
        let mut leaves = Vec::new();
        for item in items {
            let Subject { action, entity, entity_id } = data(item)?;
            let Some(id) = entity_id.filter(|_| action == Action::Create) else { continue };
            if entity == Entity::User {
                leaves.extend(id.parse::<UserId>().ok().map(|user| self.keys.idempotency(user)));
            }
            if entity == Entity::Warehouse {
                leaves.extend(id.parse::<WarehouseId>().ok().map(|warehouse| self.keys.stock(warehouse)));
            }
        }
        Ok(leaves)
    }

    /// The credential of a user's item, if it belongs to that user.
    fn credential(&self, user: &Item) -> Result<(Key, Expression), StoreError> {
        let user: User = data(user)?;
        let its_own = expression("attribute_not_exists(#pk) OR #user = :user").with("user", s(user.id));
        Ok((credential(self.organization.subdomain.as_str(), &user.email.folded()), its_own))
    }

    /// Deletes items, each under its condition, and counts them.
    async fn delete(&mut self, going: &[(Key, Expression)]) -> Result<Conditional, StoreError> {
        let change =
            going.iter().try_fold(Change::following(()), |change, (key, condition)| change.delete(key, condition))?;
        let keys: Vec<&Key> = going.iter().map(|(key, _)| key).collect();
        self.commit(change, &keys, is_at(self.record.revision)).await
    }

    /// Deletes the organization and its claim, which frees the subdomain, and closes the summary.
    async fn finish(mut self) -> Result<Purge, StoreError> {
        let (organization, claim) = (self.keys.organization(), tenant(self.organization.subdomain.as_str()));
        let its_own = expression("attribute_not_exists(#pk) OR #organization = :organization")
            .with("organization", s(self.organization.id));
        let change = Change::following(())
            .delete(&organization, &version_is(self.organization.version))?
            .delete(&claim, &its_own)?;
        let finished_at = self.table.sources.now();
        self.record.finished_at = Some(finished_at);
        let as_read = is_at(self.record.revision);
        if self.commit(change, &[&organization, &claim], as_read).await? == Conditional::Refused {
            return Ok(Purge::Overtaken);
        }
        let PurgeRecord { organization, subdomain, deleted_at, begun_at, items, .. } = self.record;
        Ok(Purge::Done(Purged { organization, subdomain, deleted_at, begun_at, finished_at, items }))
    }

    /// Commits a change together with the purge's item, which counts `gone`, if that is as it was read.
    async fn commit(
        &mut self,
        change: Change<()>,
        gone: &[&Key],
        as_read: Expression,
    ) -> Result<Conditional, StoreError> {
        let mut next = self.record.clone();
        next.revision = next.revision.saturating_add(1);
        for key in gone {
            let count = next.items.entry(kind(&key.pk).to_owned()).or_default();
            *count = count.saturating_add(1);
        }
        let mut item = with_attributes(&purge(next.organization), &next)?;
        if let Some(finished_at) = next.finished_at {
            Index::One.insert(&mut item, purged(next.organization, finished_at));
        }
        let committed = self.table.commit(change.put(item, &as_read)?).await?;
        if committed == Conditional::Done {
            self.record = next;
        }
        Ok(committed)
    }
}

/// The condition that no other call has continued since.
fn is_at(revision: u64) -> Expression {
    expression("#revision = :revision").with("revision", n(revision))
}
