//! Recording what arrives of an order: the request's lines, the levels and the ledger in one transaction.

use std::borrow::Cow;

use serde_json::{Value, json};
use stockroom_domain::{
    fault::Fault,
    id::PurchaseRequestId,
    log::Action,
    purchasing::{PurchaseRequest, ReceivedLine, RequestItem},
    stock::{Movement, Operation},
    text::Reference,
    time::Timestamp,
    user::Person,
};

use super::{PurchaseRequests, entry, item};
use crate::{
    catalogue::version_is,
    error::{StoreError, unknown},
    expression::absent,
    guard::Guards,
    keys::Key,
    log::{difference, snapshot},
    movements,
    posting::{Goods, Place},
    write::{Attempt, Authority, Change, Decision, Outcome},
};

/// What arrived, and when.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// 1 to 20 lines into at most 15 warehouses, a line at most once: a transaction holds 100 actions.
    pub lines: Vec<ReceivedLine>,
}

/// A line of a receipt with all that it touches, as it was read.
struct Arrival<'a> {
    goods: Goods<'a>,
    place: Place<'a>,
}

impl PurchaseRequests<'_> {
    /// Records what arrived of an order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`StoreError::Rejected`] for what is not there or too fine,
    /// [`crate::Conflict::InvalidTransition`], [`crate::Conflict::ExceedsOrder`].
    pub async fn receive(
        &self,
        id: PurchaseRequestId,
        expected: Option<u64>,
        receipt: &Receipt,
        present: impl Fn(&PurchaseRequest) -> Vec<u8>,
    ) -> Result<Outcome<PurchaseRequest>, StoreError> {
        let (keys, key) = (self.keys(), self.keys().request(id));
        let mut wanted = vec![key.clone()];
        for line in &receipt.lines {
            let product = line.item.product(id);
            wanted.extend([keys.product(product), keys.warehouse(line.warehouse), keys.level(product, line.warehouse)]);
        }
        let decide = |attempt: &Attempt<'_>| self.decide_receipt(attempt, &key, expected, &receipt.lines);
        self.table.write(Authority::Tenant(self.scope), &wanted, decide, present).await
    }

    fn decide_receipt(
        &self,
        attempt: &Attempt<'_>,
        key: &Key,
        expected: Option<u64>,
        lines: &[ReceivedLine],
    ) -> Result<Decision<PurchaseRequest>, StoreError> {
        let keys = self.keys();
        let before = self.expected(attempt, key, expected)?;
        let attempt = &attempt.behind(before.updated_at);
        let arrivals = self.arrivals(attempt, &before, lines)?;
        let by = Person::from(&attempt.caller()?.user);
        let (after, quantities) = before.receive(lines, &by, attempt.now)?;
        if arrivals.iter().any(|arrival| arrival.goods.is_leaving(attempt.now) || arrival.place.is_leaving(attempt.now))
        {
            return Ok(Decision::Wait("a product or warehouse is being deleted"));
        }
        let recorded_at = arrivals.iter().map(|arrival| arrival.place.updated_at()).fold(attempt.now, Timestamp::max);
        let reference: Reference = after.request_number.to_string().parse().map_err(StoreError::internal)?;

        let entry = entry(attempt, Action::Receive, &after, received(&before, &after)?);
        let mut change = Change::logged(after.clone(), self.scope.claim().organization, &entry)?
            .kept_forever()
            .put(item(keys, &after)?, &version_is(before.version))?;
        let mut guards = Guards::default();
        for (Arrival { goods, place }, quantity) in arrivals.iter().zip(quantities) {
            let posting = place.balance().apply(Operation::In(quantity))?;
            let movement = Movement {
                id: attempt.sources.id_in_order(recorded_at, posting.balance.sequence),
                kind: posting.kind,
                product_id: goods.product.id,
                warehouse_id: place.warehouse.id,
                quantity: posting.quantity,
                counted_quantity: posting.counted,
                balance_after: posting.balance.on_hand,
                sequence: posting.balance.sequence,
                reference: Some(reference.clone()),
                notes: None,
                transfer_id: None,
                purchase_request_id: Some(after.id),
                occurred_at: recorded_at,
                created_at: recorded_at,
                created_by: by.clone(),
                names: Some(goods.names_in(place)),
            };
            let level = goods.level_after(place, &movement);
            let fell_below = place.fell_below(&level);
            let line = movements::item(keys, &movement, fell_below, Some(attempt.change_id), attempt.origin())?;
            change = change.put(line, &absent())?;
            change = goods.settle(keys, change, &mut guards, place, &level)?;
        }
        if !after.status.is_open() {
            for item in &after.items {
                guards.release(&keys.product(item.product_id));
            }
        }
        Ok(guards.onto(change)?.into())
    }

    /// What the lines touch; refuses lines that the request does not have, warehouses that are not there, and quantities
    /// too fine for their product.
    fn arrivals<'i>(
        &self,
        attempt: &Attempt<'i>,
        request: &PurchaseRequest,
        lines: &[ReceivedLine],
    ) -> Result<Vec<Arrival<'i>>, StoreError> {
        let mut faults: Vec<(Cow<'static, str>, Fault)> = Vec::new();
        let mut arrivals = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let mut report = |member: &str, fault| faults.push((format!("items/{index}/{member}").into(), fault));
            let product = line.item.product(request.id);
            let item = request.items.iter().find(|item| item.id == line.item);
            let goods = if item.is_some() { Goods::read(attempt, self.keys(), product)? } else { None };
            let place = Place::read(attempt, self.keys(), product, line.warehouse)?;
            if goods.is_none() {
                report("item_id", unknown("line"));
            }
            if place.is_none() {
                report("warehouse_id", unknown("warehouse"));
            }
            // What was ordered arrives as it was ordered, even when the product has fewer decimals by now.
            let outstanding = item.map(RequestItem::outstanding);
            if let (Some(goods), Some(quantity)) = (&goods, line.quantity.filter(|_| line.quantity != outstanding))
                && let Err(fault) = goods.product.details.decimal_places.admit(quantity)
            {
                report("quantity", fault);
            }
            arrivals.extend(goods.zip(place).map(|(goods, place)| Arrival { goods, place }));
        }
        if faults.is_empty() { Ok(arrivals) } else { Err(StoreError::Rejected(faults)) }
    }
}

/// What a receipt changed of a request: of its lines, the ones that something arrived of.
fn received(before: &PurchaseRequest, after: &PurchaseRequest) -> Result<(Option<Value>, Option<Value>), StoreError> {
    let changed = |request: &PurchaseRequest, other: &PurchaseRequest| -> Result<Value, StoreError> {
        let differing = request.items.iter().zip(&other.items).filter(|(item, other)| item != other);
        let line = |(RequestItem { id, product_id, received_quantity, .. }, _): (&RequestItem, _)| json!({"id": id, "product_id": product_id, "received_quantity": received_quantity});
        let mut shown = snapshot(request)?;
        if let Value::Object(members) = &mut shown {
            members.insert("items".to_owned(), differing.map(line).collect());
        }
        Ok(shown)
    };
    let (before, after) = difference(changed(before, after)?, changed(after, before)?);
    Ok((Some(before), Some(after)))
}
