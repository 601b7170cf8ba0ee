//! A warehouse as it is sent.

use stockroom_api::{FromBody, Members, Patch, body::NotNegative};
use stockroom_domain::{
    catalogue::WarehouseDetails,
    quantity::Quantity,
    text::{Location, WarehouseName},
};

/// A whole warehouse, to add or to replace.
pub(crate) struct WarehouseBody(pub(crate) WarehouseDetails);

impl FromBody for WarehouseBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let name = object.required::<WarehouseName>("name");
        let location = object.required::<Location>("location");
        let capacity = object.optional("capacity").map(bare);
        Some(Self(WarehouseDetails { name: name?, location: location?, capacity: capacity? }))
    }
}

/// What is to change of a warehouse.
pub(crate) struct WarehousePatch {
    name: Option<WarehouseName>,
    location: Option<Location>,
    capacity: Patch<NotNegative>,
}

impl FromBody for WarehousePatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let name = object.patch_required("name");
        let location = object.patch_required("location");
        let capacity = object.patch("capacity");
        Some(Self { name: name?, location: location?, capacity: capacity? })
    }
}

impl WarehousePatch {
    /// The warehouse after the patch.
    pub(crate) fn apply(&self, present: &WarehouseDetails) -> WarehouseDetails {
        WarehouseDetails {
            name: self.name.as_ref().unwrap_or(&present.name).clone(),
            location: self.location.as_ref().unwrap_or(&present.location).clone(),
            capacity: bare(self.capacity.or_none(&present.capacity.map(NotNegative))),
        }
    }
}

fn bare(quantity: Option<NotNegative>) -> Option<Quantity> {
    quantity.map(|NotNegative(quantity)| quantity)
}
