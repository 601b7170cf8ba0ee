//! Receipts: the request's lines, the levels and the ledger change in one transaction.

use std::{borrow::Cow, collections::BTreeSet};

use stockroom_domain::{
    fault::Fault,
    id::{ProductId, PurchaseRequestId, WarehouseId},
    log::Action,
    purchasing::{MAX_ACTIONS, PurchaseRequest, PurchaseRequestItem, ReceivedLine, receipt_actions},
    quantity::Quantity,
    stock::{Movement, Operation},
    text::Reference,
    time::Timestamp,
    user::Person,
};

use super::{
    PurchaseRequests,
    lines::{changed_lines, releasing},
};
use crate::{
    dynamo::{expression::absent, key::Key},
    error::{StoreError, unknown},
    keys::OrganizationKeys,
    stock::{
        movements,
        posting::{Goods, Place},
    },
    write::{Attempt, Authority, Decision, Outcome, guard::Guards},
};

const RECEIVED: (&str, fn(&PurchaseRequestItem) -> Quantity) = ("received_quantity", |item| item.received_quantity);

/// A receipt.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// 1 to 30 lines, each at most once. [`receipt_actions`] limits the number of warehouses.
    pub lines: Vec<ReceivedLine>,
}

/// A line of a receipt with the items that it changes, as read.
struct Arrival<'a> {
    goods: Goods<'a>,
    place: Place<'a>,
}

impl PurchaseRequests<'_> {
    /// Records a receipt of an order.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`StoreError::Rejected`] for unknown references or
    /// too many decimals, [`crate::Conflict::InvalidTransition`], [`crate::Conflict::ExceedsOrder`].
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
            wanted.push(keys.product(product));
            wanted.extend(line.warehouse.into_iter().flat_map(|into| place_keys(keys, product, into)));
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
        // The warehouse of a line without one is known only now.
        let unread = lines.iter().filter_map(|line| Some((line.item.product(before.id), destination(&before, line)?)));
        let unread = unread.flat_map(|(product, into)| place_keys(keys, product, into));
        let unread: Vec<_> = unread.filter(|key| !attempt.has_read(key)).collect();
        if !unread.is_empty() {
            return Ok(Decision::Read(unread));
        }
        let arrivals = self.arrivals(attempt, &before, lines)?;
        let by = Person::from(&attempt.caller()?.user);
        let (after, quantities) = before.receive(lines, &by, attempt.now)?;
        require_room(&before, &after, lines)?;
        if arrivals
            .iter()
            .any(|arrival| arrival.goods.is_being_deleted(attempt.now) || arrival.place.is_being_deleted(attempt.now))
        {
            return Ok(Decision::Wait("a product or warehouse is being deleted"));
        }
        let recorded_at = arrivals.iter().map(|arrival| arrival.place.updated_at()).fold(attempt.now, Timestamp::max);
        let reference: Reference = after.request_number.to_string().parse().map_err(StoreError::internal)?;

        let states = changed_lines(&before, &after, RECEIVED)?;
        let mut change = self.next_logged(attempt, Action::Receive, (&before, &after), states)?.stored_forever();
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
        releasing(attempt, keys, after.released_since(&before), guards, change)
    }

    /// The items that the lines change. Refuses unknown lines and warehouses, and quantities with too many decimals.
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
            let Some(item) = request.items.iter().find(|item| item.id == line.item) else {
                report("item_id", unknown("line"));
                continue;
            };
            let goods = Goods::read(attempt, self.keys(), item.product_id)?;
            let into = destination(request, line);
            let place =
                into.map(|into| Place::read(attempt, self.keys(), item.product_id, into)).transpose()?.flatten();
            if place.is_none() {
                report("warehouse_id", no_place(into, line.warehouse));
            }
            // An open line holds its product. The product of a complete line may be gone; nothing more arrives of that
            // line.
            if goods.is_none() && item.is_open() && request.status().is_open() {
                report("item_id", unknown("product"));
            }
            // The whole outstanding quantity may arrive, even if the product has fewer decimals now.
            let outstanding = Some(item.outstanding());
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

/// The warehouse of a receipt's line: its own, or that of the request's line.
fn destination(request: &PurchaseRequest, line: &ReceivedLine) -> Option<WarehouseId> {
    let named = || request.items.iter().find(|item| item.id == line.item)?.warehouse_id;
    line.warehouse.or_else(named)
}

/// The error of a line without a warehouse.
fn no_place(into: Option<WarehouseId>, named: Option<WarehouseId>) -> Fault {
    match (into, named) {
        (None, _) => Fault::new("required", "is required, because the line of the request has no warehouse"),
        (Some(_), None) => {
            Fault::new("unknown_reference", "is required, because the warehouse of the request's line was deleted")
        }
        (Some(_), Some(_)) => unknown("warehouse"),
    }
}

fn place_keys(keys: OrganizationKeys, product: ProductId, into: WarehouseId) -> [Key; 2] {
    [keys.warehouse(into), keys.level(product, into)]
}

/// Refuses a receipt that does not fit into one transaction.
fn require_room(before: &PurchaseRequest, after: &PurchaseRequest, lines: &[ReceivedLine]) -> Result<(), StoreError> {
    let warehouses: BTreeSet<_> = lines.iter().filter_map(|line| destination(before, line)).collect();
    let actions = receipt_actions(lines.len(), warehouses.len());
    if actions > MAX_ACTIONS {
        let most = MAX_ACTIONS.saturating_sub(receipt_actions(lines.len(), 0));
        let detail = format!("must use at most {most} warehouses, because there are {} lines", lines.len());
        return Err(StoreError::Rejected(vec![("items".into(), Fault::new("too_many_warehouses", detail))]));
    }
    // Lines that were complete before lines released their products release them with the last receipt.
    let received: BTreeSet<_> = lines.iter().map(|line| line.item.product(before.id)).collect();
    let others = after.released_since(before).filter(|product| !received.contains(product)).count();
    if actions.saturating_add(others) > MAX_ACTIONS {
        let fault = Fault::new(
            "too_many",
            "has too many lines for the last receipt of this request; receive them in two parts",
        );
        return Err(StoreError::Rejected(vec![("items".into(), fault)]));
    }
    Ok(())
}
