//! Recount of the open lines that hold each product.

use std::collections::BTreeMap;

use stockroom_domain::{id::ProductId, purchasing::PurchaseRequest};

use super::lines::held;
use crate::{
    dynamo::{item::data, key::Key, query::Query},
    error::StoreError,
    keys::OrganizationKeys,
    write::access::Table,
};

/// How many requests are read at once.
const PAGE: usize = 500;

/// How many lines of open requests hold each product; none for the others. The products are those whose counts may be
/// corrected by it: each as long as it is as it was read before, because every hold and release changes it.
pub(crate) async fn count_holds(
    table: &Table,
    keys: OrganizationKeys,
    products: &[Key],
) -> Result<BTreeMap<ProductId, i64>, StoreError> {
    // A commit in progress may show on a product before it shows on its request. A settled read waits for it.
    table.get_settled(products).await?;
    let mut query = Query::new(keys.requests(), PAGE);
    let mut holds = BTreeMap::<ProductId, i64>::new();
    loop {
        let found = table.query(&query).await?;
        for item in found.items {
            let request: PurchaseRequest = data(&item)?;
            for product in held(&request).filter(|_| request.status().is_open()) {
                let count = holds.entry(product).or_default();
                *count = count.saturating_add(1);
            }
        }
        query.after = found.last;
        if query.after.is_none() {
            return Ok(holds);
        }
    }
}
