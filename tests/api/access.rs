//! Permissions and tenants. The operations come from the functions' route tables; one without a sample in
//! `operations.rs` fails.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by a panic")]

mod matrix;
mod next_request;
mod operations;
mod order;
pub(crate) mod tour;
mod twins;
pub(crate) mod world;
