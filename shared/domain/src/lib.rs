//! The vocabulary and rules of Stockroom: typed ids, exact quantities, texts that are valid by construction, roles and
//! their permissions, the effect of a movement on a stock level, the states of a purchase request, and the events of
//! the log.
//!
//! Nothing here uses AWS, HTTP or a clock of its own: time and randomness come from [`source::Sources`]. Values
//! serialize to their stored form; `shared/api` has their form on the wire.

pub mod access;
pub mod catalogue;
mod characters;
mod common_passwords;
mod email;
pub mod event;
pub mod fault;
pub mod id;
pub mod limit;
pub mod log;
pub mod money;
mod named;
pub mod organization;
pub mod purchasing;
pub mod quantity;
pub mod report;
mod schema;
pub mod search;
pub mod source;
pub mod stock;
pub mod text;
pub mod time;
pub mod user;
