//! The API, driven at the edge its users see.

mod access;
mod conventions;
mod cost;
mod log;
mod smoke;
mod stock;
