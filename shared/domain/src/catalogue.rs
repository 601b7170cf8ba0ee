//! The catalogue of an organization: products, suppliers and warehouses.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    fault::Fault,
    id::{Id, ProductId, SupplierId, WarehouseId},
    log::Entity,
    quantity::Quantity,
    text::{
        Address, Barcode, Category, Description, Email, Location, Phone, ProductName, Sku, SupplierName, Unit,
        WarehouseName,
    },
    time::Timestamp,
};

/// A resource of an organization, with an id and a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "D: Details")]
pub struct Resource<D: Details> {
    /// The id.
    pub id: D::Id,
    /// Increases by one with every change.
    pub version: u64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The members that users set.
    #[serde(flatten)]
    pub details: D,
}

/// The members of a resource that users set.
pub trait Details: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The type of the resource's id.
    type Id: Id + Serialize + DeserializeOwned + Send + Sync;

    /// The kind in the log.
    const ENTITY: Entity;

    /// The display name.
    fn name(&self) -> &str;
}

/// A product of the catalogue.
pub type Product = Resource<ProductDetails>;
/// A supplier.
pub type Supplier = Resource<SupplierDetails>;
/// A warehouse.
pub type Warehouse = Resource<WarehouseDetails>;

/// The members of a product that users set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetails {
    pub sku: Sku,
    pub name: ProductName,
    pub description: Option<Description>,
    pub category: Option<Category>,
    pub unit: Unit,
    /// The maximum number of decimals of its quantities, 0 to 4.
    pub decimal_places: DecimalPlaces,
    /// A level below it is low.
    pub min_stock_level: Quantity,
    pub reorder_quantity: Option<Quantity>,
    pub barcode: Option<Barcode>,
}

/// The members of a supplier that users set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierDetails {
    pub name: SupplierName,
    pub contact_email: Option<Email>,
    pub contact_phone: Option<Phone>,
    pub address: Option<Address>,
    /// Days from order to arrival.
    pub lead_time_days: Option<LeadTimeDays>,
}

/// The members of a warehouse that users set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarehouseDetails {
    pub name: WarehouseName,
    pub location: Location,
    /// Its capacity, in a unit that the organization chooses.
    pub capacity: Option<Quantity>,
}

impl Details for ProductDetails {
    type Id = ProductId;
    const ENTITY: Entity = Entity::Product;

    fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl Details for SupplierDetails {
    type Id = SupplierId;
    const ENTITY: Entity = Entity::Supplier;

    fn name(&self) -> &str {
        self.name.as_str()
    }
}

impl Details for WarehouseDetails {
    type Id = WarehouseId;
    const ENTITY: Entity = Entity::Warehouse;

    fn name(&self) -> &str {
        self.name.as_str()
    }
}

macro_rules! bounded_integer {
    ($(#[doc = $doc:literal])+ $name:ident: 0..=$most:literal, $example:literal) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(u16);

        impl $name {
            /// The number.
            #[must_use]
            pub fn get(self) -> u16 {
                self.0
            }
        }

        crate::schema::has_schema!($name, {
            let about = concat!($($doc),+).trim();
            schemars::json_schema!({
                "description": about, "type": "integer", "minimum": 0, "maximum": $most, "examples": [$example],
            })
        });

        impl std::str::FromStr for $name {
            type Err = Fault;

            /// Reads a JSON number's literal.
            fn from_str(literal: &str) -> Result<Self, Fault> {
                let fault = || Fault::new("out_of_range", concat!("must be a whole number from 0 to ", $most));
                let value: Quantity = literal.parse().map_err(|_| fault())?;
                value.to_string().parse().ok().filter(|value| *value <= $most).map(Self).ok_or_else(fault)
            }
        }
    };
}

bounded_integer! {
    /// Number of decimals of the product's quantities, 0 to 4. With 0, quantities are whole numbers.
    DecimalPlaces: 0..=4, 0
}
bounded_integer! {
    /// Usual number of days from order to delivery, up to ten years.
    LeadTimeDays: 0..=3650, 7
}

impl DecimalPlaces {
    /// Refuses a quantity with more decimals than this.
    ///
    /// # Errors
    /// `too_many_decimals`.
    pub fn admit(self, quantity: Quantity) -> Result<(), Fault> {
        if quantity.decimals() > u32::from(self.0) {
            let places = self.0;
            return Err(Fault::new(
                "too_many_decimals",
                format!("must have at most {places} decimals for this product"),
            ));
        }
        Ok(())
    }
}
