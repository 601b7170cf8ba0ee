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
    /// A line of a purchase request: one product.
    struct PurchaseRequestLineBody(NewLine) {
        /// The product to buy. It can appear only once in the request.
        required product as "product_id": ProductId,
        /// The quantity to buy, in the unit of the product: above 0, with at most `decimal_places` decimals of the
        /// product.
        #[example = 20]
        required quantity: Positive,
        /// Estimated price for one unit, in the organization's currency: an exact decimal, best as a string. It is for
        /// the approver, and for the totals in mails.
        #[example = "18.00"]
        optional estimated_price: Price,
        /// The preferred supplier.
        optional supplier as "supplier_id": SupplierId,
        /// The warehouse to deliver to. It can be chosen at the receipt too.
        optional warehouse as "warehouse_id": WarehouseId,
    }
}

request_body! {
    /// The values of a purchase request.
    pub(crate) struct PurchaseRequestBody(NewPurchaseRequest) {
        /// Notes for the approver.
        optional notes: Notes,
        /// 1 to 40 lines. A product can appear only once.
        list lines as "items": PurchaseRequestLineBody = 1..=MAX_LINES,
    }
    check |object| { refuse_twice(object, lines.as_deref()) }
}

request_body! {
    /// Members of a draft to change.
    pub(crate) struct PurchaseRequestPatch {
        /// Notes for the approver. Null removes them.
        patch notes: Notes,
        /// The new lines, 1 to 40. They replace all lines. A product can appear only once.
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
    /// The reason for a rejection.
    pub(crate) struct Rejection {
        /// Reason for the rejection. The creator gets it by mail.
        required rejection_reason: RejectionReason,
    }
}

request_body! {
    /// A line of a receipt.
    struct ReceiptLineBody(ReceivedLine) {
        /// Id of a line of the purchase request: `items[].id`, not the id of the product.
        required item as "item_id": PurchaseRequestItemId,
        /// The warehouse that received the goods. By default the warehouse of the line; required if the line has none.
        optional warehouse as "warehouse_id": WarehouseId,
        /// The received quantity, in the unit of the line. By default its outstanding quantity, which is also the
        /// maximum.
        #[example = 5]
        optional quantity: Positive,
    }
}

request_body! {
    /// The goods of one delivery.
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
        /// Id of a line of the purchase request: `items[].id`, not the id of the product.
        required item as "item_id": PurchaseRequestItemId,
    }
}

impl From<ClosingLineBody> for PurchaseRequestItemId {
    fn from(line: ClosingLineBody) -> Self {
        line.item
    }
}

request_body! {
    /// The lines of an order to close, and the reason.
    #[derive(Default)]
    pub(crate) struct ClosingBody(OrderClosing) {
        /// Reason for closing the order. It is shown with the purchase request.
        optional reason: CloseReason,
        /// The lines to close, each once. By default, all lines with an outstanding quantity.
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
