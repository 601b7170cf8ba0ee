//! Lines of a request, and the products they hold.

use stockroom_domain::{
    id::{PurchaseRequestId, RequestItemId},
    purchasing::{NewLine, PurchaseRequest, RequestItem},
    quantity::Quantity,
};

use crate::{
    error::{StoreError, unknown},
    guard::Guards,
    keys::{Key, OrganizationKeys},
    posting::Goods,
    write::Attempt,
};

/// New lines with the products they name, as they were read.
pub(super) enum NewItems<'a> {
    Ready(Vec<(RequestItem, Goods<'a>)>),
    /// One of the products is being deleted.
    Leaving,
}

/// What must be read to write these lines.
pub(super) fn named_keys(keys: OrganizationKeys, lines: &[NewLine]) -> Vec<Key> {
    let key = |line: &NewLine| {
        let supplier = line.supplier.map(|supplier| keys.supplier(supplier));
        let warehouse = line.warehouse.map(|warehouse| keys.warehouse(warehouse));
        [Some(keys.product(line.product)), supplier, warehouse].into_iter().flatten()
    };
    lines.iter().flat_map(key).collect()
}

/// What a request that is no longer open lets go.
pub(super) fn releases<'a>(keys: OrganizationKeys, request: &PurchaseRequest) -> Guards<'a> {
    let mut guards = Guards::default();
    for item in &request.items {
        guards.release(&keys.product(item.product_id));
    }
    guards
}

impl<'a> NewItems<'a> {
    /// Checks that everything the lines name is there, and that no quantity is too fine for its product.
    pub(super) fn read(
        attempt: &Attempt<'a>,
        keys: OrganizationKeys,
        request: PurchaseRequestId,
        lines: &[NewLine],
    ) -> Result<Self, StoreError> {
        let mut faults = Vec::new();
        let mut items = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let mut report = |member: &str, fault| faults.push((format!("items/{index}/{member}").into(), fault));
            if line.supplier.is_some_and(|supplier| attempt.find(&keys.supplier(supplier)).is_none()) {
                report("supplier_id", unknown("supplier"));
            }
            if line.warehouse.is_some_and(|warehouse| attempt.find(&keys.warehouse(warehouse)).is_none()) {
                report("warehouse_id", unknown("warehouse"));
            }
            let Some(goods) = Goods::read(attempt, keys, line.product)? else {
                report("product_id", unknown("product"));
                continue;
            };
            let details = &goods.product.details;
            if let Err(fault) = details.decimal_places.admit(line.quantity) {
                report("quantity", fault);
            }
            let item = RequestItem {
                id: RequestItemId::of(line.product, request),
                product_id: line.product,
                sku: details.sku.clone(),
                product_name: details.name.clone(),
                quantity: line.quantity,
                received_quantity: Quantity::ZERO,
                estimated_price: line.estimated_price,
                supplier_id: line.supplier,
                warehouse_id: line.warehouse,
            };
            items.push((item, goods));
        }
        if !faults.is_empty() {
            return Err(StoreError::Rejected(faults));
        }
        if items.iter().any(|(_, goods)| goods.is_leaving(attempt.now)) {
            return Ok(Self::Leaving);
        }
        Ok(Self::Ready(items))
    }
}
