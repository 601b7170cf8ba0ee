//! The template that deploys the product, compared with the product.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod answers;
mod around;
mod parsed;
mod policies;
mod routes;
mod settings;
mod triggers;
