//! Northwind, the sample company of `cargo dev --demo northwind`.

pub mod data;
mod import;
mod plan;

pub use import::{ImportError, Imported, Progress, import};
