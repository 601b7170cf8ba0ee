//! Lines of a request, and the products they hold.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use stockroom_domain::{
    catalogue::{Supplier, Warehouse},
    id::{ProductId, PurchaseRequestId, PurchaseRequestItemId},
    purchasing::{NewLine, PurchaseRequest, PurchaseRequestItem},
    quantity::Quantity,
};

use crate::{
    dynamo::{item::data, key::Key},
    error::{StoreError, unknown},
    keys::OrganizationKeys,
    stock::posting::Goods,
    write::{
        Attempt, Change, Decision,
        guard::Guards,
        log::{difference, snapshot},
    },
};

/// New lines with the products they name, as they were read.
pub(super) enum NewItems<'a> {
    Ready(Vec<(PurchaseRequestItem, Goods<'a>)>),
    /// One of the products is being deleted.
    BeingDeleted,
}

/// The items that these lines name.
pub(super) fn named_keys(keys: OrganizationKeys, lines: &[NewLine]) -> Vec<Key> {
    let key = |line: &NewLine| {
        let supplier = line.supplier.map(|supplier| keys.supplier(supplier));
        let warehouse = line.warehouse.map(|warehouse| keys.warehouse(warehouse));
        [Some(keys.product(line.product)), supplier, warehouse].into_iter().flatten()
    };
    lines.iter().flat_map(key).collect()
}

/// The products that a request holds.
pub(super) fn held(request: &PurchaseRequest) -> impl Iterator<Item = ProductId> {
    request.items.iter().filter(|item| !item.released).map(|item| item.product_id)
}

/// The decision on a change that releases these products: one line less holds each.
///
/// A product cannot be deleted while a line holds it, as long as counts are right. Older programs may have made them
/// wrong. So if the first transaction fails, the products are read, and missing ones are skipped: otherwise the
/// request could never end.
pub(super) fn releasing<'a, T>(
    attempt: &Attempt<'a>,
    keys: OrganizationKeys,
    products: impl Iterator<Item = ProductId>,
    mut guards: Guards<'a>,
    change: Change<T>,
) -> Result<Decision<T>, StoreError> {
    let products: Vec<Key> = products.map(|product| keys.product(product)).collect();
    let unread: Vec<Key> = products.iter().filter(|key| !attempt.has_read(key)).cloned().collect();
    if attempt.is_repeated && !unread.is_empty() {
        return Ok(Decision::Read(unread));
    }
    for key in products.iter().filter(|key| !attempt.has_read(key) || attempt.find(key).is_some()) {
        guards.release(key);
    }
    Ok(guards.onto(change)?.into())
}

/// Whether the change of a line is right only if its product is as it was read. A line that stays keeps its unit,
/// which cannot change while the line holds the product; another quantity may be too fine for a product that is read
/// too early.
pub(super) fn relies_on_product(before: &PurchaseRequestItem, after: &PurchaseRequestItem) -> bool {
    before.unit.is_none() || (before.quantity != after.quantity && !after.quantity.is_whole())
}

impl<'a> NewItems<'a> {
    /// Checks that all references exist, and that no quantity has too many decimals for its product. `before` are the
    /// present lines: a line keeps its supplier and warehouse even if they were deleted since.
    pub(super) fn read(
        attempt: &Attempt<'a>,
        keys: OrganizationKeys,
        request: PurchaseRequestId,
        before: &[PurchaseRequestItem],
        lines: &[NewLine],
    ) -> Result<Self, StoreError> {
        let mut faults = Vec::new();
        let mut items = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let mut report = |member: &str, fault| faults.push((format!("items/{index}/{member}").into(), fault));
            let before = before.iter().find(|item| item.product_id == line.product);
            let kept = before.filter(|before| before.supplier_id == line.supplier).map(|before| &before.supplier_name);
            let key = line.supplier.map(|supplier| keys.supplier(supplier));
            let supplier_name = name_of(attempt, key, |supplier: Supplier| supplier.details.name, kept)?;
            let supplier_name = supplier_name.unwrap_or_else(|Missing| {
                report("supplier_id", unknown("supplier"));
                None
            });
            let kept =
                before.filter(|before| before.warehouse_id == line.warehouse).map(|before| &before.warehouse_name);
            let key = line.warehouse.map(|warehouse| keys.warehouse(warehouse));
            let warehouse_name = name_of(attempt, key, |warehouse: Warehouse| warehouse.details.name, kept)?;
            let warehouse_name = warehouse_name.unwrap_or_else(|Missing| {
                report("warehouse_id", unknown("warehouse"));
                None
            });
            let Some(goods) = Goods::read(attempt, keys, line.product)? else {
                report("product_id", unknown("product"));
                continue;
            };
            let details = &goods.product.details;
            if let Err(fault) = details.decimal_places.admit(line.quantity) {
                report("quantity", fault);
            }
            let item = PurchaseRequestItem {
                id: PurchaseRequestItemId::of(line.product, request),
                product_id: line.product,
                sku: details.sku.clone(),
                product_name: details.name.clone(),
                unit: before.and_then(|before| before.unit.clone()).or_else(|| Some(details.unit.clone())),
                quantity: line.quantity,
                received_quantity: Quantity::ZERO,
                cancelled_quantity: Quantity::ZERO,
                estimated_price: line.estimated_price,
                supplier_id: line.supplier,
                supplier_name,
                warehouse_id: line.warehouse,
                warehouse_name,
                released: false,
            };
            items.push((item, goods));
        }
        if !faults.is_empty() {
            return Err(StoreError::Rejected(faults));
        }
        if items.iter().any(|(_, goods)| goods.is_being_deleted(attempt.now)) {
            return Ok(Self::BeingDeleted);
        }
        Ok(Self::Ready(items))
    }
}

/// A reference to something that the organization does not have.
struct Missing;

/// The name of a referenced thing: its present name, or the name that the line has `kept` of a deleted one.
fn name_of<R: DeserializeOwned, N: Clone>(
    attempt: &Attempt<'_>,
    key: Option<Key>,
    name: fn(R) -> N,
    kept: Option<&Option<N>>,
) -> Result<Result<Option<N>, Missing>, StoreError> {
    let Some(key) = key else { return Ok(Ok(None)) };
    match attempt.find(&key) {
        Some(item) => Ok(Ok(Some(name(data(item)?)))),
        None => Ok(kept.cloned().ok_or(Missing)),
    }
}

/// The changes of a receipt or a closing: the changed lines, each with the quantity of that name.
pub(super) fn changed_lines(
    before: &PurchaseRequest,
    after: &PurchaseRequest,
    (name, quantity): (&str, fn(&PurchaseRequestItem) -> Quantity),
) -> Result<(Option<Value>, Option<Value>), StoreError> {
    let changed = |request: &PurchaseRequest, other: &PurchaseRequest| -> Result<Value, StoreError> {
        let pairs = request.items.iter().zip(&other.items);
        let differing = pairs.filter(|(item, other)| item.outstanding() != other.outstanding());
        let line = |(item, _): (&PurchaseRequestItem, _)| -> Value {
            json!({"id": item.id, "product_id": item.product_id, name: quantity(item)})
        };
        let mut shown = snapshot(request)?;
        if let Value::Object(members) = &mut shown {
            members.insert("items".to_owned(), differing.map(line).collect());
        }
        Ok(shown)
    };
    let (before, after) = difference(changed(before, after)?, changed(after, before)?);
    Ok((Some(before), Some(after)))
}
