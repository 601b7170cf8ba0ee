//! The API, driven at the edge its users see.

mod access;
mod conventions;
mod cost;
mod limits;
mod smoke;
mod stock;
