//! What leads from a barcode to the products that bear it: a pointer for each, written with the product.
//!
//! A pointer's key ends with the product's id, so that several products can bear a barcode, and a product could bear several.

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
    /// Moves what leads from barcodes to a resource from its details before to those after a change. The condition on the
    /// resource itself guards it.
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

/// The pointers that belong beside a product's item.
pub(crate) fn barcode_pointers(keys: OrganizationKeys, item: &Item) -> Result<Vec<Item>, StoreError> {
    let product: Product = data(item)?;
    let barcode = product.details.barcode.as_ref();
    Ok(barcode.map(|barcode| pointer_item(&keys.barcode(barcode, product.id), product.id)).into_iter().collect())
}
