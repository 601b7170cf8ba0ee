//! Propagation of a product's new minimum to its levels.

use stockroom_domain::{catalogue::Product, id::ProductId};

use crate::{
    dynamo::{
        expression::{expression, version_is},
        item::data,
        key::Key,
        retry::Patience,
        table::Conditional,
    },
    error::StoreError,
    keys::OrganizationKeys,
    stock::{level_records::StoredLevel, levels::Levels, low_list::mark},
    write::{Attempt, Authority, Change, Decision, fence::SPREADING},
};

/// How many levels follow a new minimum in one transaction.
const SPREAD_AT_ONCE: usize = 90;

impl Levels<'_> {
    /// Does what a change of the minimum left undone, if it left anything.
    pub(crate) async fn finish_spreading(&self, product: ProductId) -> Result<(), StoreError> {
        let key = self.keys().product(product);
        let items = self.table.get(std::slice::from_ref(&key)).await?;
        match items.get(&key) {
            Some(item) if item.contains_key(SPREADING) => self.spread_minimum(product).await,
            Some(_) | None => Ok(()),
        }
    }

    /// Gives every level of a product its new minimum. That the product has it is committed already, so no level can be
    /// made with the old one any more, and a strong look finds those that were. Each transaction checks that the minimum
    /// is still this one.
    pub(crate) async fn spread_minimum(&self, product: ProductId) -> Result<(), StoreError> {
        let keys = self.keys();
        let product_key = keys.product(product);
        let authority = Authority::Tenant(self.scope);
        let mut patience = Patience::new();
        loop {
            let items = self.table.get(std::slice::from_ref(&product_key)).await?;
            let Some(item) = items.get(&product_key) else {
                return Ok(());
            };
            let version = data::<Product>(item)?.version;
            let levels = self.stored_of_product(product).await?;
            for levels in levels.chunks(SPREAD_AT_ONCE) {
                let mut wanted: Vec<Key> = levels.iter().map(|level| level.key.clone()).collect();
                wanted.push(product_key.clone());
                self.table.change(authority, &wanted, |attempt| spread(attempt, keys, &wanted, &product_key)).await?;
            }
            let done = expression(format!("REMOVE #{SPREADING}"));
            if self.table.update(&product_key, &done, &version_is(version)).await?.0 == Conditional::Done {
                return Ok(());
            }
            patience.pause(&self.table.sources, "the minimum kept changing").await?;
        }
    }
}

fn spread(
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
