//! Pointers from barcodes to products, written with the product.
//!
//! A pointer's key ends with the product's id, so several products can have one barcode, and one product could have
//! several.

use stockroom_domain::catalogue::Product;

use crate::{
    catalogue::{Catalogue, pointer_item, stored::Stored},
    dynamo::{
        expression::always,
        item::{Item, data},
    },
    error::StoreError,
    keys::OrganizationKeys,
    write::Change,
};

impl<D: Stored> Catalogue<'_, D> {
    /// Updates the pointers of a resource for a change of its details. The condition on the resource guards them.
    pub(crate) fn point<T>(
        &self,
        mut change: Change<T>,
        id: D::Id,
        before: Option<&D>,
        after: Option<&D>,
    ) -> Result<Change<T>, StoreError> {
        let (before, after) = (before.and_then(D::barcode), after.and_then(D::barcode));
        if before == after {
            return Ok(change);
        }
        let keys = self.scope.keys();
        if let Some(barcode) = before {
            change = change.delete(&keys.barcode(barcode, id), &always())?;
        }
        match after {
            Some(barcode) => change.put(pointer_item(&keys.barcode(barcode, id), id), &always()),
            None => Ok(change),
        }
    }
}

/// The pointers of a product's item.
pub(crate) fn barcode_pointers(keys: OrganizationKeys, item: &Item) -> Result<Vec<Item>, StoreError> {
    let product: Product = data(item)?;
    let barcode = product.details.barcode.as_ref();
    Ok(barcode.map(|barcode| pointer_item(&keys.barcode(barcode, product.id), product.id)).into_iter().collect())
}
