//! JSON view of a warehouse.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, wire::Number};
use stockroom_domain::{
    catalogue::Warehouse,
    id::{OrganizationId, WarehouseId},
    text::{Location, WarehouseName},
    time::Timestamp,
};

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Warehouse")]
pub(crate) struct WarehouseView<'a> {
    id: WarehouseId,
    org_id: OrganizationId,
    version: u64,
    name: &'a WarehouseName,
    location: &'a Location,
    capacity: Option<Number>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> WarehouseView<'a> {
    pub(crate) fn new(organization: OrganizationId, warehouse: &'a Warehouse) -> Self {
        let details = &warehouse.details;
        Self {
            id: warehouse.id,
            org_id: organization,
            version: warehouse.version,
            name: &details.name,
            location: &details.location,
            capacity: details.capacity.map(Number),
            created_at: warehouse.created_at,
            updated_at: warehouse.updated_at,
        }
    }
}

/// Returns a response with a warehouse and its `ETag`.
pub(crate) fn shown(organization: OrganizationId, warehouse: &Warehouse) -> Answer {
    Answer::ok(&WarehouseView::new(organization, warehouse)).version(warehouse.version)
}
