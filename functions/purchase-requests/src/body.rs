//! Request bodies for purchase requests and receipts.

use std::collections::HashSet;

use stockroom_api::{
    Members,
    body::{Positive, Price},
    request_body,
};
use stockroom_domain::{
    fault::Fault,
    id::{ProductId, PurchaseRequestItemId, SupplierId, WarehouseId},
    purchasing::{MAX_LINES, MAX_RECEIVED_LINES, NewLine, ReceivedLine},
    text::{CloseReason, Notes, RejectionReason},
};
use stockroom_store::{NewPurchaseRequest, OrderClosing, PurchaseRequestChanges, Receipt};

request_body! {
    /// A line of a request.
    struct PurchaseRequestLineBody(NewLine) {
        required product as "product_id": ProductId,
        required quantity: Positive,
        /// Estimated price per unit.
        optional estimated_price: Price,
        /// The preferred supplier.
        optional supplier as "supplier_id": SupplierId,
        /// The warehouse to deliver to.
        optional warehouse as "warehouse_id": WarehouseId,
    }
}

request_body! {
    /// A request to write, or to replace.
    pub(crate) struct PurchaseRequestBody(NewPurchaseRequest) {
        optional notes: Notes,
        /// 1 to 40 lines. A product can appear only once.
        list lines as "items": PurchaseRequestLineBody = 1..=MAX_LINES,
    }
    check |object| { refuse_twice(object, lines.as_deref()) }
}

request_body! {
    /// Members of a request to change.
    pub(crate) struct PurchaseRequestPatch {
        patch notes: Notes,
        /// 1 to 40 lines. A product can appear only once. They replace all lines.
        change_list lines as "items": PurchaseRequestLineBody = 1..=MAX_LINES,
    }
    check |object| { refuse_twice(object, lines.as_ref().and_then(Option::as_deref)) }
}

impl PurchaseRequestPatch {
    pub(crate) fn changes(self) -> PurchaseRequestChanges<impl Fn(&Option<Notes>) -> Option<Notes>> {
        let lines = self.lines.map(|lines| lines.into_iter().map(Into::into).collect());
        PurchaseRequestChanges { notes: move |present: &Option<Notes>| self.notes.or_none(present), lines }
    }
}

request_body! {
    /// A rejection.
    pub(crate) struct Rejection {
        /// Reason for the rejection. The creator is notified.
        required rejection_reason: RejectionReason,
    }
}

request_body! {
    /// A line of a receipt.
    struct ReceiptLineBody(ReceivedLine) {
        /// Id of a line of the purchase request.
        required item as "item_id": PurchaseRequestItemId,
        /// By default, the warehouse of the request's line.
        optional warehouse as "warehouse_id": WarehouseId,
        /// By default, the outstanding quantity of the line.
        optional quantity: Positive,
    }
}

request_body! {
    /// A receipt of goods.
    pub(crate) struct ReceiptBody(Receipt) {
        /// 1 to 30 lines, each once. With more than 24 lines, the number of warehouses is limited: 30 lines can use at
        /// most 7.
        list lines as "items": ReceiptLineBody = 1..=MAX_RECEIVED_LINES,
    }
    check |object| { refuse_lines_twice(object, lines.iter().flatten().map(|line| line.0.item)) }
}

request_body! {
    /// A line to close.
    struct ClosingLineBody {
        /// Id of a line of the purchase request.
        required item as "item_id": PurchaseRequestItemId,
    }
}

impl From<ClosingLineBody> for PurchaseRequestItemId {
    fn from(line: ClosingLineBody) -> Self {
        line.item
    }
}

request_body! {
    /// The lines to close of an order, and the reason.
    #[derive(Default)]
    pub(crate) struct ClosingBody(OrderClosing) {
        /// Reason for closing the order.
        optional reason: CloseReason,
        /// The lines to close, each once. By default, all open lines.
        change_list lines as "items": ClosingLineBody = 1..=MAX_LINES,
    }
    check |object| { refuse_lines_twice(object, lines.iter().flatten().flatten().map(|line| line.item)) }
}

fn refuse_lines_twice(object: &mut impl Members, lines: impl Iterator<Item = PurchaseRequestItemId>) {
    let mut items = HashSet::new();
    for (index, line) in lines.enumerate() {
        if !items.insert(line) {
            object.report_element("items", index, "item_id", Fault::new("duplicate_item", "must not be repeated"));
        }
    }
}

fn refuse_twice(object: &mut impl Members, lines: Option<&[PurchaseRequestLineBody]>) {
    let mut products = HashSet::new();
    for (index, line) in lines.unwrap_or_default().iter().enumerate() {
        if !products.insert(line.0.product) {
            object.report_element(
                "items",
                index,
                "product_id",
                Fault::new("duplicate_product", "must not be repeated"),
            );
        }
    }
}
