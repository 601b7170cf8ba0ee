//! The API, driven at the edge its users see.

mod access;
mod conventions;
mod cost;
mod purchasing;
mod people;
mod smoke;
mod stock;
