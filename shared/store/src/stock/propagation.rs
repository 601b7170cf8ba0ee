//! Propagation of a product's new minimum to its levels.

use stockroom_domain::{catalogue::Product, id::ProductId};

use crate::{
    dynamo::{
        expression::{expression, version_is},
        item::data,
        key::Key,
        retry::Backoff,
        table::Conditional,
    },
    error::StoreError,
    keys::OrganizationKeys,
    stock::{level_records::StoredLevel, levels::Levels, low_list::mark},
    write::{Attempt, Authority, Change, Decision, fence::PROPAGATING},
};

/// How many levels one transaction updates.
const LEVELS_PER_TRANSACTION: usize = 90;

impl Levels<'_> {
    /// Finishes an interrupted propagation, if there is one.
    pub(crate) async fn finish_propagation(&self, product: ProductId) -> Result<(), StoreError> {
        let key = self.keys().product(product);
        let items = self.table.get(std::slice::from_ref(&key)).await?;
        match items.get(&key) {
            Some(item) if item.contains_key(PROPAGATING) => self.propagate_minimum(product).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Copies the new minimum to every level of a product. The product already has it, so no new level gets the old
    /// one, and strong reads find all others. Each transaction checks that the minimum is unchanged.
    pub(crate) async fn propagate_minimum(&self, product: ProductId) -> Result<(), StoreError> {
        let keys = self.keys();
        let product_key = keys.product(product);
        let authority = Authority::Tenant(self.scope);
        let mut backoff = Backoff::new();
        loop {
            let items = self.table.get(std::slice::from_ref(&product_key)).await?;
            let Some(item) = items.get(&product_key) else {
                return Ok(());
            };
            let version = data::<Product>(item)?.version;
            let levels = self.stored_of_product(product).await?;
            for levels in levels.chunks(LEVELS_PER_TRANSACTION) {
                let mut wanted: Vec<Key> = levels.iter().map(|level| level.key.clone()).collect();
                wanted.push(product_key.clone());
                self.table
                    .change(authority, &wanted, |attempt| propagate(attempt, keys, &wanted, &product_key))
                    .await?;
            }
            let done = expression(format!("REMOVE #{PROPAGATING}"));
            if self.table.update(&product_key, &done, &version_is(version)).await?.0 == Conditional::Done {
                return Ok(());
            }
            backoff.after_conflict(&self.table.sources, "the minimum kept changing").await?;
        }
    }
}

fn propagate(
    attempt: &Attempt<'_>,
    keys: OrganizationKeys,
    wanted: &[Key],
    product_key: &Key,
) -> Result<Decision<()>, StoreError> {
    let Some(item) = attempt.find(product_key) else {
        return Ok(Decision::Keep(()));
    };
    let product: Product = data(item)?;
    let minimum = product.details.min_stock_level;
    let mut change = Change::following(()).check(product_key, &version_is(product.version))?;
    let (mut is_needed, mut falls) = (false, false);
    for key in wanted.iter().filter(|key| *key != product_key) {
        let Some(level) = attempt.find(key).map(StoredLevel::of).transpose()? else {
            continue;
        };
        if level.record.minimum() != minimum {
            is_needed = true;
            let after = level.record.under(minimum, attempt.now);
            falls |= after.is_low() && !level.record.is_low();
            let item = after.item(keys, level.product, level.warehouse)?;
            change = change.put(item, &level.as_read())?;
        }
    }
    if falls {
        let (watch, mark, always) = mark(keys.0, attempt.now);
        change = change.update(&watch, &mark, &always)?;
    }
    Ok(if is_needed { change.into() } else { Decision::Keep(()) })
}
