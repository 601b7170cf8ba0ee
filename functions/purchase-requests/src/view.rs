//! A purchase request as it is shown.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{
    Answer,
    wire::{Number, PersonView},
};
use stockroom_domain::{
    id::{OrganizationId, ProductId, PurchaseRequestId, RequestItemId, SupplierId, WarehouseId},
    money::Money,
    organization::Currency,
    purchasing::{PurchaseRequest, RequestItem, RequestNumber, RequestStatus},
    text::{CloseReason, Notes, ProductName, RejectionReason, Sku, SupplierName, Unit, WarehouseName},
    time::Timestamp,
};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PurchaseRequest")]
pub(crate) struct RequestView<'a> {
    id: PurchaseRequestId,
    org_id: OrganizationId,
    version: u64,
    #[schemars(with = "RequestNumber")]
    request_number: String,
    #[schemars(with = "RequestStatus")]
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
    id: RequestItemId,
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

impl<'a> From<&'a RequestItem> for ItemView<'a> {
    fn from(item: &'a RequestItem) -> Self {
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

impl<'a> RequestView<'a> {
    pub(crate) fn new(organization: OrganizationId, request: &'a PurchaseRequest) -> Self {
        Self {
            id: request.id,
            org_id: organization,
            version: request.version,
            request_number: request.request_number.to_string(),
            status: request.status.name(),
            notes: request.notes.as_ref(),
            currency: request.currency,
            items: request.items.iter().map(ItemView::from).collect(),
            created_by: PersonView::from(&request.created_by),
            submitted_at: request.submitted_at,
            approved_by: request.approved_by.as_ref().map(PersonView::from),
            approved_at: request.approved_at,
            rejected_by: request.rejected_by.as_ref().map(PersonView::from),
            rejected_at: request.rejected_at,
            rejection_reason: request.rejection_reason.as_ref(),
            ordered_at: request.ordered_at,
            received_by: request.received_by.as_ref().map(PersonView::from),
            received_at: request.received_at,
            cancelled_by: request.cancelled_by.as_ref().map(PersonView::from),
            cancelled_at: request.cancelled_at,
            closed_by: request.closed_by.as_ref().map(PersonView::from),
            closed_at: request.closed_at,
            close_reason: request.close_reason.as_ref(),
            created_at: request.created_at,
            updated_at: request.updated_at,
        }
    }
}

/// The answer that shows one request.
pub(crate) fn shown(organization: OrganizationId, request: &PurchaseRequest) -> Answer {
    Answer::ok(&RequestView::new(organization, request)).version(request.version)
}
