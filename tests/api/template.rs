//! The template that deploys the product, compared with the product.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them"
)]

mod answers;
mod around;
mod parsed;
mod policies;
mod routes;
mod settings;
mod triggers;
