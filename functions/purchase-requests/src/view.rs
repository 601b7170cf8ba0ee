//! JSON view of a purchase request.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{
    Answer,
    wire::{Number, PersonView},
};
use stockroom_domain::{
    id::{OrganizationId, ProductId, PurchaseRequestId, PurchaseRequestItemId, SupplierId, WarehouseId},
    money::Money,
    organization::Currency,
    purchasing::{Act, PurchaseRequest, PurchaseRequestItem, PurchaseRequestNumber, PurchaseRequestStatus},
    text::{CloseReason, Notes, ProductName, RejectionReason, Sku, SupplierName, Unit, WarehouseName},
    time::Timestamp,
};

/// A request to buy goods, from the draft to the receipt.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PurchaseRequest")]
pub(crate) struct PurchaseRequestView<'a> {
    id: PurchaseRequestId,
    /// Id of the organization that owns the resource.
    org_id: OrganizationId,
    /// Starts at 1 and rises by 1 with every change. Send it in `If-Match` to prevent lost updates.
    #[schemars(example = 3)]
    version: u64,
    #[schemars(with = "PurchaseRequestNumber")]
    request_number: String,
    /// Where the request is in its workflow.
    #[schemars(with = "PurchaseRequestStatus")]
    status: &'static str,
    /// Notes for the approver. Null if there are none.
    notes: Option<&'a Notes>,
    /// Currency of all prices of the request (ISO 4217). Null if no line has a price.
    currency: Option<Currency>,
    /// The lines, each with another product.
    items: Vec<ItemView<'a>>,
    /// The user who created the request, and the only member of staff who can see it.
    created_by: PersonView<'a>,
    /// Time of the submission. Null in a draft.
    #[schemars(example = &"2026-11-20T15:30:00.000Z")]
    submitted_at: Option<Timestamp>,
    /// Who approved the request. Null if it is not approved.
    #[schemars(example = ())]
    approved_by: Option<PersonView<'a>>,
    /// Time of the approval. Null if it is not approved.
    #[schemars(example = ())]
    #[schemars(example = &"2026-11-21T09:00:00.000Z")]
    approved_at: Option<Timestamp>,
    /// Who rejected the request. Null if it is not rejected.
    #[schemars(example = ())]
    rejected_by: Option<PersonView<'a>>,
    /// Time of the rejection. Null if it is not rejected.
    #[schemars(example = ())]
    #[schemars(example = &"2026-11-21T09:00:00.000Z")]
    rejected_at: Option<Timestamp>,
    /// Why the request was rejected. Null if it is not rejected.
    #[schemars(example = ())]
    #[schemars(example = &"Too expensive. Ask the supplier for a discount.")]
    rejection_reason: Option<&'a RejectionReason>,
    /// Time when it was marked as ordered. Null before that.
    #[schemars(example = ())]
    #[schemars(example = &"2026-11-21T10:00:00.000Z")]
    ordered_at: Option<Timestamp>,
    /// Who recorded the receipt that completed the order. Null before that.
    #[schemars(example = ())]
    received_by: Option<PersonView<'a>>,
    /// Time of the receipt that completed the order. Null before that.
    #[schemars(example = ())]
    #[schemars(example = &"2026-11-23T02:57:00.000Z")]
    received_at: Option<Timestamp>,
    /// Who cancelled the request. Null if it is not cancelled.
    #[schemars(example = ())]
    cancelled_by: Option<PersonView<'a>>,
    /// Time of the cancellation. Null if it is not cancelled.
    #[schemars(example = ())]
    #[schemars(example = &"2026-11-21T11:00:00.000Z")]
    cancelled_at: Option<Timestamp>,
    /// Who closed open lines of the order last. Null if none was closed.
    #[schemars(example = ())]
    closed_by: Option<PersonView<'a>>,
    /// Time of the last closing of open lines. Null if none was closed.
    #[schemars(example = ())]
    #[schemars(example = &"2026-11-24T08:00:00.000Z")]
    closed_at: Option<Timestamp>,
    /// Why open lines were closed. Null if none was closed, or without a reason.
    #[schemars(example = ())]
    #[schemars(example = &"The supplier has no more.")]
    close_reason: Option<&'a CloseReason>,
    /// Time when the draft was created.
    #[schemars(example = &"2026-11-20T14:00:00.000Z")]
    created_at: Timestamp,
    /// Time of the last change of the request.
    #[schemars(example = &"2026-11-20T15:30:00.000Z")]
    updated_at: Timestamp,
}

/// A line of a purchase request: one product.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PurchaseRequestItem")]
struct ItemView<'a> {
    /// Id of the line. It stays the same when the lines of a draft are replaced, as long as the product stays.
    id: PurchaseRequestItemId,
    /// The product to buy.
    product_id: ProductId,
    /// SKU of the product when the line was written.
    sku: &'a Sku,
    /// Name of the product when the line was written.
    product_name: &'a ProductName,
    /// Unit of the line's quantities. Null in lines from before units were stored.
    unit: Option<&'a Unit>,
    /// The requested quantity, in `unit`.
    #[schemars(example = 20)]
    quantity: Number,
    /// The quantity received so far.
    #[schemars(example = 0)]
    received_quantity: Number,
    /// The outstanding quantity that was cancelled when the line was closed.
    #[schemars(example = 0)]
    cancelled_quantity: Number,
    /// Estimated price for one unit, in `currency` of the request: an exact decimal as a string. Null if unknown.
    estimated_price: Option<Money>,
    /// The preferred supplier. Null if there is none.
    supplier_id: Option<SupplierId>,
    /// Name of the supplier when the line was written. Null if there is none.
    supplier_name: Option<&'a SupplierName>,
    /// The warehouse to deliver to. Null if it is chosen at the receipt.
    warehouse_id: Option<WarehouseId>,
    /// Name of that warehouse when the line was written. Null if there is none.
    warehouse_name: Option<&'a WarehouseName>,
}

impl<'a> From<&'a PurchaseRequestItem> for ItemView<'a> {
    fn from(item: &'a PurchaseRequestItem) -> Self {
        Self {
            id: item.id,
            product_id: item.product_id,
            sku: &item.sku,
            product_name: &item.product_name,
            unit: item.unit.as_ref(),
            quantity: item.quantity.into(),
            received_quantity: item.received_quantity.into(),
            cancelled_quantity: item.cancelled_quantity.into(),
            estimated_price: item.estimated_price,
            supplier_id: item.supplier_id,
            supplier_name: item.supplier_name.as_ref(),
            warehouse_id: item.warehouse_id,
            warehouse_name: item.warehouse_name.as_ref(),
        }
    }
}

impl<'a> PurchaseRequestView<'a> {
    pub(crate) fn new(organization: OrganizationId, request: &'a PurchaseRequest) -> Self {
        let milestones = request.milestones();
        let closed = milestones.closing.map(|closing| &closing.act);
        let by = |act: Option<&'a Act>| act.map(|act| PersonView::from(&act.by));
        let at = |act: Option<&Act>| act.map(|act| act.at);
        Self {
            id: request.id,
            org_id: organization,
            version: request.version,
            request_number: request.request_number.to_string(),
            status: request.status().name(),
            notes: request.notes.as_ref(),
            currency: request.currency,
            items: request.items.iter().map(ItemView::from).collect(),
            created_by: PersonView::from(&request.created_by),
            submitted_at: milestones.submitted_at,
            approved_by: by(milestones.approved),
            approved_at: at(milestones.approved),
            rejected_by: by(milestones.rejected),
            rejected_at: at(milestones.rejected),
            rejection_reason: milestones.rejection_reason,
            ordered_at: milestones.ordered_at,
            received_by: by(milestones.received),
            received_at: at(milestones.received),
            cancelled_by: by(milestones.cancelled),
            cancelled_at: at(milestones.cancelled),
            closed_by: by(closed),
            closed_at: at(closed),
            close_reason: milestones.closing.and_then(|closing| closing.reason.as_ref()),
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

/// Returns a response with a purchase request and its `ETag`.
pub(crate) fn shown(organization: OrganizationId, request: &PurchaseRequest) -> Answer {
    Answer::ok(&PurchaseRequestView::new(organization, request)).version(request.version)
}
