//! Warehouses: a catalogue of places that hold stock.

use std::ops::Deref;

use stockroom_domain::{catalogue::WarehouseDetails, id::WarehouseId};

use crate::{
    catalogue::Catalogue,
    error::StoreError,
    stock::level_records::Held,
    write::{access::Table, scope::TenantScope},
};

/// See [`crate::Store::warehouses`]. It also has the operations of every catalogue.
#[derive(Debug)]
pub struct Warehouses<'a> {
    catalogue: Catalogue<'a, WarehouseDetails>,
}

impl<'a> Deref for Warehouses<'a> {
    type Target = Catalogue<'a, WarehouseDetails>;

    fn deref(&self) -> &Self::Target {
        &self.catalogue
    }
}

impl<'a> Warehouses<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { catalogue: Catalogue::new(table, scope) }
    }

    /// Deletes a warehouse that holds no stock.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::VersionMismatch`], [`crate::Conflict::InStock`].
    pub async fn delete(&self, id: WarehouseId, expected: Option<u64>) -> Result<(), StoreError> {
        self.catalogue.delete_empty(id, expected, Held::InWarehouse(id)).await
    }
}
