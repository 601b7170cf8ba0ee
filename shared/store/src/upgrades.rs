//! The list of all upgrades, for readers of items of an older version.

use stockroom_domain::catalogue::{ProductDetails, SupplierDetails, WarehouseDetails};

use crate::{
    catalogue::stored,
    dynamo::item::Item,
    error::StoreError,
    keys::{PRODUCT, SUPPLIER, USER, WAREHOUSE},
    people::identity::USER_UPGRADES,
    schema::{self, Upgrade, kind_of},
};

const PRODUCT_UPGRADES: &[Upgrade] = &stored::upgrades::<ProductDetails>();
const SUPPLIER_UPGRADES: &[Upgrade] = &stored::upgrades::<SupplierDetails>();
const WAREHOUSE_UPGRADES: &[Upgrade] = &stored::upgrades::<WarehouseDetails>();

/// An item as the current version has it. See [`schema::upgrade`].
pub(crate) fn upgrade(item: Item) -> Result<Item, StoreError> {
    let upgrades = match kind_of(&item) {
        USER => &USER_UPGRADES,
        PRODUCT => PRODUCT_UPGRADES,
        SUPPLIER => SUPPLIER_UPGRADES,
        WAREHOUSE => WAREHOUSE_UPGRADES,
        _ => &[],
    };
    schema::upgrade(item, upgrades)
}
