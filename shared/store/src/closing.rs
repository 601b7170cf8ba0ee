//! Deleting what stock may still arrive for: mark, then look.
//!
//! A movement and a deletion touch different items, so each could commit while the other does, and leave stock of
//! nothing. Therefore a deletion first commits a mark on the product or warehouse; a movement that makes a new level
//! commits only while there is no mark. Then it looks for levels, strongly consistent. A level that is empty is frozen,
//! which moves its revision on, so that a movement that read it before fails and decides again; one that reads it frozen
//! checks the mark as if it made the level, since it may have read the product before the mark. Only when all are frozen
//! the deletion commits, if its mark still stands. A mark holds for seconds: when its maker died, the next writer takes
//! it away, and with it whatever its maker still might do.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use stockroom_domain::{catalogue::Resource, time::Timestamp};

use crate::{
    catalogue::{Catalogue, Stored, millis, version_is},
    error::{Conflict, StoreError},
    expression::{Expression, expression},
    item::{Item, attributes, encode, n, s},
    keys::Key,
    levels::{Held, Levels, StoredLevel},
    retry::Patience,
    table::Conditional,
    write::{Attempt, Authority, Change, Decision},
};

/// On a warehouse: how many levels were ever made in it.
pub(crate) const PLACES: &str = "places";

/// How long a mark keeps others waiting when its maker does not come back.
const MARK_HOLDS: Duration = Duration::from_secs(5);

/// Says that a deletion is under way, and whose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) token: String,
    /// Unix milliseconds.
    until: u64,
}

#[derive(Deserialize)]
struct Marked {
    closing: Option<Mark>,
}

impl Mark {
    pub(crate) fn of(item: &Item) -> Result<Option<Self>, StoreError> {
        Ok(attributes::<Marked>(item)?.closing)
    }

    pub(crate) fn holds(&self, now: Timestamp) -> bool {
        now.unix_millis() < self.until
    }

    /// The mark is still this very one.
    fn stands(&self) -> Expression {
        expression("#closing.#token = :mark").with("mark", s(&self.token))
    }
}

/// No deletion is under way.
pub(crate) fn not_closing(now: Timestamp) -> Expression {
    expression("attribute_not_exists(#closing) OR #closing.#until <= :now").with("now", millis(now))
}

/// Makes sure that a product or warehouse stays while a movement commits. A new level needs a check of its own; an
/// existing one is guarded by its revision. A mark whose time is over is taken away.
pub(crate) fn guard<T>(
    change: Change<T>,
    key: &Key,
    item: &Item,
    version: u64,
    needs_check: bool,
) -> Result<Change<T>, StoreError> {
    match Mark::of(item)? {
        Some(mark) => {
            let still_it = mark.stands().and(version_is(version));
            change.update(key, &expression("REMOVE #closing"), &still_it)
        }
        None if needs_check => {
            change.check(key, &version_is(version).and(expression("attribute_not_exists(#closing)")))
        }
        None => Ok(change),
    }
}

/// The same for a warehouse in which a level is made: it counts its levels, so that a deletion knows how many to look
/// for, even while the newest is still being committed.
pub(crate) fn guard_new_level<T>(
    change: Change<T>,
    key: &Key,
    item: &Item,
    version: u64,
) -> Result<Change<T>, StoreError> {
    let (removal, free) = match Mark::of(item)? {
        Some(mark) => ("REMOVE #closing ", mark.stands()),
        None => ("", expression("attribute_not_exists(#closing)")),
    };
    let update = expression(format!("{removal}ADD #{PLACES} :one")).with("one", n(1));
    change.update(key, &update, &version_is(version).and(free))
}

/// How many levels were made, as it was read.
pub(crate) fn places(item: &Item) -> usize {
    item.get(PLACES).and_then(|places| places.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// No level has been made since.
pub(crate) fn same_places(item: &Item) -> Expression {
    match item.get(PLACES) {
        Some(places) => expression(format!("#{PLACES} = :places")).with("places", places.clone()),
        None => expression(format!("attribute_not_exists(#{PLACES})")),
    }
}

impl<D: Stored> Catalogue<'_, D> {
    /// Deletes a resource that levels hang on; `held` says which.
    pub(crate) async fn delete_empty(&self, id: D::Id, expected: Option<u64>, held: Held) -> Result<(), StoreError> {
        let key = self.key(id);
        let mut patience = Patience::new();
        loop {
            let Some((mark, resource, places)) = self.mark(&key, expected).await? else {
                patience.wait(&self.table.sources, "somebody else is deleting it").await?;
                continue;
            };
            if let Err(error) = self.freeze(&mark, held, places, &mut patience).await {
                self.unmark(&key, &mark).await?;
                return Err(error);
            }
            let decide = |attempt: &Attempt<'_>| -> Result<Decision<bool>, StoreError> {
                let found = attempt.find(&key).ok_or(StoreError::NotFound)?;
                if Mark::of(found)?.is_none_or(|found| found.token != mark.token) {
                    return Ok(Decision::Keep(false));
                }
                let condition = version_is(resource.version).and(mark.stands());
                Ok(Decision::Commit(self.deletion(attempt, &resource, &condition)?.map(|()| true)))
            };
            let deleted = self.table.change(Authority::Tenant(self.scope), std::slice::from_ref(&key), decide).await?;
            if deleted {
                return self.retire(held).await;
            }
            patience.pause(&self.table.sources, "the mark was taken away").await?;
        }
    }

    /// Commits a mark; `None` while somebody else's holds, or when the resource just changed.
    async fn mark(&self, key: &Key, expected: Option<u64>) -> Result<Option<(Mark, Resource<D>, usize)>, StoreError> {
        let items = self.table.get_for(self.scope, std::slice::from_ref(key)).await?;
        let item = items.get(key).ok_or(StoreError::NotFound)?;
        let resource: Resource<D> = crate::item::data(item)?;
        if expected.is_some_and(|version| version != resource.version) {
            return Err(StoreError::VersionMismatch);
        }
        let now = self.table.sources.now();
        // A mark whose maker did not come back is taken over, with the levels that it has frozen.
        let token = match Mark::of(item)? {
            Some(mark) if !mark.holds(now) => mark.token,
            Some(_) | None => self.table.sources.bytes::<8>().map(|byte| format!("{byte:02x}")).concat(),
        };
        let mark = Mark { token, until: now.plus(MARK_HOLDS).unix_millis() };
        let update = expression("SET #closing = :closing").with("closing", encode(&mark)?);
        // When a reply was lost, this very mark is found.
        let free = expression("attribute_not_exists(#closing) OR #closing.#until <= :now OR #closing.#token = :mark")
            .with("now", millis(now))
            .with("mark", s(&mark.token));
        let condition = version_is(resource.version).and(free);
        let (result, marked) = self.table.update(key, &update, &condition).await?;
        let places = marked.as_ref().map(places).unwrap_or_default();
        Ok((result == Conditional::Done).then_some((mark, resource, places)))
    }

    async fn unmark(&self, key: &Key, mark: &Mark) -> Result<(), StoreError> {
        self.table.update(key, &expression("REMOVE #closing"), &mark.stands()).await.map(|_| ())
    }

    /// Freezes every level, until a look finds nothing else; fails when one holds stock.
    async fn freeze(&self, mark: &Mark, held: Held, places: usize, patience: &mut Patience) -> Result<(), StoreError> {
        loop {
            let found = Levels::new(self.table, self.scope).stored(held).await?;
            if found.iter().any(|level| !level.record.is_empty()) {
                return Err(StoreError::Conflict(Conflict::InUse));
            }
            // A level that is counted but not seen is being committed.
            let all_seen = matches!(held, Held::OfProduct(_)) || found.len() >= places;
            let open: Vec<_> = found.iter().filter(|level| !level.record.is_frozen_by(&mark.token)).collect();
            if open.is_empty() && all_seen {
                return Ok(());
            }
            let freezes = open.into_iter().map(|level| level.freeze(&mark.token)).collect();
            self.table.update_each(freezes).await?;
            patience.pause(&self.table.sources, "movements kept changing the levels").await?;
        }
    }

    /// Takes the levels of what is gone out of the low list; they stay otherwise, since the ledger leads through them.
    async fn retire(&self, held: Held) -> Result<(), StoreError> {
        let mut patience = Patience::new();
        loop {
            let levels = Levels::new(self.table, self.scope).stored(held).await?;
            let low: Vec<_> = levels.iter().filter(|level| level.record.is_low()).map(StoredLevel::retire).collect();
            if low.is_empty() || self.table.update_each(low).await? == Conditional::Done {
                return Ok(());
            }
            patience.pause(&self.table.sources, "the levels kept changing").await?;
        }
    }
}
