//! Requests and receipts as they are sent.

use std::collections::HashSet;

use stockroom_api::{
    FromBody, Members, Patch,
    body::{Positive, Price},
};
use stockroom_domain::{
    fault::Fault,
    id::PurchaseRequestItemId,
    purchasing::{MAX_LINES, MAX_RECEIVED_LINES, NewLine, ReceivedLine},
    text::{Notes, RejectionReason},
};
use stockroom_store::{NewPurchaseRequest, OrderClosing, PurchaseRequestChanges, Receipt};

/// A whole request, to write or to replace.
pub(crate) struct PurchaseRequestBody(pub(crate) NewPurchaseRequest);

impl FromBody for PurchaseRequestBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let notes = object.optional("notes");
        let lines = object.list("items", 1..=MAX_LINES, line);
        refuse_twice(object, lines.as_deref());
        Some(Self(NewPurchaseRequest { notes: notes?, lines: lines? }))
    }
}

/// What is to change of a request.
pub(crate) struct PurchaseRequestPatch {
    notes: Patch<Notes>,
    lines: Option<Vec<NewLine>>,
}

impl FromBody for PurchaseRequestPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let notes = object.patch("notes");
        let lines = object.patch_list("items", 1..=MAX_LINES, line);
        refuse_twice(object, lines.as_ref().and_then(Option::as_deref));
        Some(Self { notes: notes?, lines: lines? })
    }
}

impl PurchaseRequestPatch {
    pub(crate) fn changes(self) -> PurchaseRequestChanges<impl Fn(&Option<Notes>) -> Option<Notes>> {
        PurchaseRequestChanges { notes: move |present: &Option<Notes>| self.notes.or_none(present), lines: self.lines }
    }
}

/// Why a request is declined.
pub(crate) struct Rejection(pub(crate) RejectionReason);

impl FromBody for Rejection {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        object.required("rejection_reason").map(Self)
    }
}

/// What arrived.
pub(crate) struct ReceiptBody(pub(crate) Receipt);

impl FromBody for ReceiptBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let lines = object.list("items", 1..=MAX_RECEIVED_LINES, |line| {
            let item = line.required("item_id");
            let warehouse = line.optional("warehouse_id");
            let quantity = line.optional("quantity").map(|quantity| quantity.map(|Positive(quantity)| quantity));
            Some(ReceivedLine { item: item?, warehouse: warehouse?, quantity: quantity? })
        })?;
        refuse_lines_twice(object, lines.iter().map(|line| line.item));
        Some(Self(Receipt { lines }))
    }
}

/// What is closed of an order, and why.
#[derive(Default)]
pub(crate) struct ClosingBody(pub(crate) OrderClosing);

impl FromBody for ClosingBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let reason = object.optional("reason");
        let lines = object.patch_list("items", 1..=MAX_LINES, |line| line.required("item_id"));
        refuse_lines_twice(object, lines.iter().flatten().flatten().copied());
        Some(Self(OrderClosing { reason: reason?, lines: lines? }))
    }
}

fn refuse_lines_twice(object: &mut impl Members, lines: impl Iterator<Item = PurchaseRequestItemId>) {
    let mut items = HashSet::new();
    for (index, line) in lines.enumerate() {
        if !items.insert(line) {
            object.report_element("items", index, "item_id", Fault::new("duplicate_item", "must stand once"));
        }
    }
}

fn line(line: &mut impl Members) -> Option<NewLine> {
    let product = line.required("product_id");
    let quantity = line.required("quantity").map(|Positive(quantity)| quantity);
    let estimated_price = line.optional("estimated_price").map(|price| price.map(|Price(price)| price));
    let supplier = line.optional("supplier_id");
    let warehouse = line.optional("warehouse_id");
    Some(NewLine {
        product: product?,
        quantity: quantity?,
        estimated_price: estimated_price?,
        supplier: supplier?,
        warehouse: warehouse?,
    })
}

fn refuse_twice(object: &mut impl Members, lines: Option<&[NewLine]>) {
    let mut products = HashSet::new();
    for (index, line) in lines.unwrap_or_default().iter().enumerate() {
        if !products.insert(line.product) {
            object.report_element("items", index, "product_id", Fault::new("duplicate_product", "must stand once"));
        }
    }
}
