//! Who may do what, and who sees whose things. All of it is complete by construction: the operations come from the
//! functions' own tables, and one without a sample in `operations.rs` fails.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "these are tests: what is not as expected ends them")]

mod matrix;
mod next_request;
mod operations;
mod order;
pub(crate) mod tour;
mod twins;
pub(crate) mod world;
