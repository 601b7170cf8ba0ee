//! The stored form of products, suppliers and warehouses: the differences of their kinds, and the upgrades of older
//! items.

use aws_sdk_dynamodb::types::AttributeValue;
use stockroom_domain::{
    catalogue::{Details, ProductDetails, Resource, SupplierDetails, WarehouseDetails},
    fault::Fault,
    search::search_fold,
    text::{Barcode, Category, fold},
};

use crate::{
    dynamo::{
        item::{DATA, Item, data, s},
        key::Index,
    },
    error::StoreError,
    keys::{PRODUCT, SUPPLIER, WAREHOUSE, is_current_name_sort, name_sort},
    schema::{CATALOGUE_VERSION, Upgrade},
};

/// The attribute of `data` that a search reads.
pub(crate) const SEARCH: &str = "search";

/// How details of a kind are stored.
pub trait Stored: Details {
    /// The name of the kind in keys.
    const KIND: &'static str;

    /// Its category, if any.
    fn category(&self) -> Option<&Category> {
        None
    }

    /// The unique code of the resource, folded.
    fn unique_code(&self) -> Option<String> {
        None
    }

    /// Its barcode, which is not unique.
    fn barcode(&self) -> Option<&Barcode> {
        None
    }

    /// The text that a search reads: folded texts, each on its own line. No search term holds a line break, so none
    /// matches the end of one text and the beginning of the next.
    fn search_text(&self) -> String {
        search_fold(self.name())
    }

    /// Whether a change to `after` propagates to levels.
    fn propagates(&self, _after: &Self) -> bool {
        false
    }

    /// Whether a change to `after` would change the meaning of recorded quantities, or give them too many decimals.
    fn redefines_quantities(&self, _after: &Self) -> bool {
        false
    }

    /// Validation errors of members that do not fit each other.
    fn faults(&self) -> Vec<(&'static str, Fault)> {
        Vec::new()
    }
}

impl Stored for ProductDetails {
    const KIND: &'static str = PRODUCT;

    fn category(&self) -> Option<&Category> {
        self.category.as_ref()
    }

    fn unique_code(&self) -> Option<String> {
        Some(self.sku.folded())
    }

    fn search_text(&self) -> String {
        let texts = [Some(self.name()), Some(self.sku.as_str()), self.barcode.as_ref().map(Barcode::as_str)];
        texts.into_iter().flatten().map(search_fold).collect::<Vec<_>>().join("\n")
    }

    fn barcode(&self) -> Option<&Barcode> {
        self.barcode.as_ref()
    }

    fn propagates(&self, after: &Self) -> bool {
        self.min_stock_level != after.min_stock_level
    }

    fn redefines_quantities(&self, after: &Self) -> bool {
        self.unit != after.unit || after.decimal_places < self.decimal_places
    }

    fn faults(&self) -> Vec<(&'static str, Fault)> {
        let quantities = [("min_stock_level", Some(self.min_stock_level)), ("reorder_quantity", self.reorder_quantity)];
        quantities
            .into_iter()
            .filter_map(|(name, quantity)| Some((name, self.decimal_places.admit(quantity?).err()?)))
            .collect()
    }
}

impl Stored for SupplierDetails {
    const KIND: &'static str = SUPPLIER;
}

impl Stored for WarehouseDetails {
    const KIND: &'static str = WAREHOUSE;
}

/// The upgrades of a product, supplier or warehouse, from version 1 on.
pub(crate) const fn upgrades<D: Stored>() -> [Upgrade; CATALOGUE_VERSION - 1] {
    [sort_and_search::<D>]
}

/// Version 2 of a product, supplier or warehouse: sorted before names that begin with its own, and found without
/// accents. The index by category does not show the name's place, and its readers do not need it.
fn sort_and_search<D: Stored>(item: &mut Item) -> Result<(), StoreError> {
    let (_, name) = Index::Two.key_names();
    // Both are written together.
    if item.get(name).and_then(|sort| sort.as_s().ok()).is_none_or(|sort| is_current_name_sort(sort)) {
        return Ok(());
    }
    let resource: Resource<D> = data(item)?;
    item.insert(name.to_owned(), s(name_sort(&fold(resource.details.name()), resource.id)));
    if let Some(AttributeValue::M(members)) = item.get_mut(DATA) {
        members.insert(SEARCH.to_owned(), s(resource.details.search_text()));
    }
    Ok(())
}
