//! A warehouse as it is sent.

use stockroom_api::{FromBody, Object, Patch};
use stockroom_domain::{
    catalogue::WarehouseDetails,
    fault::Fault,
    quantity::Quantity,
    text::{Location, WarehouseName},
};

/// A whole warehouse, to add or to replace.
pub(crate) struct WarehouseBody(pub(crate) WarehouseDetails);

impl FromBody for WarehouseBody {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let name = object.required::<WarehouseName>("name");
        let location = object.required::<Location>("location");
        let capacity = object.optional::<Quantity>("capacity");
        if capacity.flatten().is_some_and(Quantity::is_negative) {
            object.report("capacity", Fault::new("out_of_range", "must not be below 0"));
        }
        Some(Self(WarehouseDetails { name: name?, location: location?, capacity: capacity? }))
    }
}

/// What is to change of a warehouse.
pub(crate) struct WarehousePatch {
    name: Option<WarehouseName>,
    location: Option<Location>,
    capacity: Patch<Quantity>,
}

impl FromBody for WarehousePatch {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let name = object.patch_required("name");
        let location = object.patch_required("location");
        let capacity = object.patch("capacity");
        if matches!(&capacity, Some(Patch::Set(capacity)) if Quantity::is_negative(*capacity)) {
            object.report("capacity", Fault::new("out_of_range", "must not be below 0"));
        }
        Some(Self { name: name?, location: location?, capacity: capacity? })
    }
}

impl WarehousePatch {
    /// The warehouse after the patch.
    pub(crate) fn apply(&self, present: &WarehouseDetails) -> WarehouseDetails {
        WarehouseDetails {
            name: self.name.as_ref().unwrap_or(&present.name).clone(),
            location: self.location.as_ref().unwrap_or(&present.location).clone(),
            capacity: self.capacity.or_none(&present.capacity),
        }
    }
}
