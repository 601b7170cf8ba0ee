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

/// A warehouse: a place that holds stock.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Warehouse")]
pub(crate) struct WarehouseView<'a> {
    id: WarehouseId,
    /// Id of the organization that owns the resource.
    org_id: OrganizationId,
    /// Starts at 1 and rises by 1 with every change. Send it in `If-Match` to prevent lost updates.
    #[schemars(example = 3)]
    version: u64,
    name: &'a WarehouseName,
    location: &'a Location,
    /// Capacity in a unit of your choice. Null if unknown. For information only; it limits nothing.
    #[schemars(example = 5000)]
    capacity: Option<Number>,
    /// Time when the warehouse was created.
    #[schemars(example = &"2026-11-02T08:10:00.000Z")]
    created_at: Timestamp,
    /// Time of the last change of the warehouse.
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
