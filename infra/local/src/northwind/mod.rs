//! Northwind, the sample organization of `cargo dev --demo northwind`.

pub mod data;
mod import;
mod plan;
mod reorder;

pub use import::import;
pub(crate) use plan::ORGANIZATION;
