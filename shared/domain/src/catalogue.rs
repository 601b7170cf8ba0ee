//! What an organization deals in: products, suppliers and warehouses.

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

/// Something of an organization that has an identity and changes over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "D: Details")]
pub struct Resource<D: Details> {
    /// Which one.
    pub id: D::Id,
    /// Rises by one with every change.
    pub version: u64,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// What its people set.
    #[serde(flatten)]
    pub details: D,
}

/// What people set of a resource.
pub trait Details: Clone + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The resource's id.
    type Id: Id + Serialize + DeserializeOwned + Send + Sync;

    /// What the log calls it.
    const ENTITY: Entity;

    /// What it is called by people.
    fn name(&self) -> &str;
}

/// A product of the catalogue.
pub type Product = Resource<ProductDetails>;
/// A supplier.
pub type Supplier = Resource<SupplierDetails>;
/// A warehouse.
pub type Warehouse = Resource<WarehouseDetails>;

/// What people set of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductDetails {
    pub sku: Sku,
    pub name: ProductName,
    pub description: Option<Description>,
    pub category: Option<Category>,
    pub unit: Unit,
    /// The finest a quantity of it may be, 0 to 4.
    pub decimal_places: DecimalPlaces,
    /// A level below it is low.
    pub min_stock_level: Quantity,
    pub reorder_quantity: Option<Quantity>,
    pub barcode: Option<Barcode>,
}

/// What people set of a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplierDetails {
    pub name: SupplierName,
    pub contact_email: Option<Email>,
    pub contact_phone: Option<Phone>,
    pub address: Option<Address>,
    /// Days from order to arrival.
    pub lead_time_days: Option<LeadTimeDays>,
}

/// What people set of a warehouse.
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
    ($(#[doc = $doc:literal])+ $name:ident: 0..=$most:literal) => {
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
            schemars::json_schema!({"description": about, "type": "integer", "minimum": 0, "maximum": $most})
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
    /// Number of decimals of the product's quantities, 0 to 4.
    DecimalPlaces: 0..=4
}
bounded_integer! {
    /// Lead time in days, up to ten years.
    LeadTimeDays: 0..=3650
}

impl DecimalPlaces {
    /// Refuses a quantity that is finer than this.
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
