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

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PurchaseRequest")]
pub(crate) struct PurchaseRequestView<'a> {
    id: PurchaseRequestId,
    org_id: OrganizationId,
    version: u64,
    #[schemars(with = "PurchaseRequestNumber")]
    request_number: String,
    #[schemars(with = "PurchaseRequestStatus")]
    status: &'static str,
    notes: Option<&'a Notes>,
    currency: Option<Currency>,
    items: Vec<ItemView<'a>>,
    created_by: PersonView<'a>,
    submitted_at: Option<Timestamp>,
    approved_by: Option<PersonView<'a>>,
    approved_at: Option<Timestamp>,
    rejected_by: Option<PersonView<'a>>,
    rejected_at: Option<Timestamp>,
    rejection_reason: Option<&'a RejectionReason>,
    ordered_at: Option<Timestamp>,
    received_by: Option<PersonView<'a>>,
    received_at: Option<Timestamp>,
    cancelled_by: Option<PersonView<'a>>,
    cancelled_at: Option<Timestamp>,
    closed_by: Option<PersonView<'a>>,
    closed_at: Option<Timestamp>,
    close_reason: Option<&'a CloseReason>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PurchaseRequestItem")]
struct ItemView<'a> {
    id: PurchaseRequestItemId,
    product_id: ProductId,
    sku: &'a Sku,
    product_name: &'a ProductName,
    unit: Option<&'a Unit>,
    quantity: Number,
    received_quantity: Number,
    cancelled_quantity: Number,
    estimated_price: Option<Money>,
    supplier_id: Option<SupplierId>,
    supplier_name: Option<&'a SupplierName>,
    warehouse_id: Option<WarehouseId>,
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
