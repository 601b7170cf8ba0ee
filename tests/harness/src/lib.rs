//! What every integration test stands on: the whole product in one process, driven at the edge its users see, over a
//! table, a clock and a randomness that the test holds.
//!
//! | what | for |
//! |---|---|
//! | [`Stack`] | one table and the functions before it; several processes can share a table |
//! | [`Shop`] | one organization with its people and its goods |
//! | [`Client`], [`Request`], [`Reply`] | HTTP the deployed way: gateway event, router, proxy response |
//! | [`Faults`] | what goes wrong between a function and its table |
//! | [`Access`] | what a function asked of the table, as a policy sees it; see [`Stack::accesses`] |
//! | [`Ingest`] | what was reported to Sentry |
//! | [`TestClock`], [`SeededEntropy`] | time and randomness |
//! | [`Reply::cost`], [`Reply::log`], [`log_lines`] | what the edge wrote of a request, and all that was ever logged |
//! | [`Stack::check_invariants`] | what must hold of the table whatever happened |
//!
//! Every answer is held against the API's document: a status, header, problem code or member that is not written there
//! fails the test.
//!
//! At the end of every test the log and its table are searched for secrets, and so is every problem document.
//!
//! A test whose faults or ids seem unlucky repeats under another seed: `STOCKROOM_SEED=7 cargo test`.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them there"
)]

mod calls;
mod client;
mod conformance;
mod faults;
mod ingest;
mod invariants;
mod items;
mod observe;
mod reply;
mod shop;
mod sources;
mod stack;

pub use calls::Access;
pub use client::{Client, Request, at_once};
pub use faults::{Fault, Faults, Held};
pub use ingest::{Ingest, Manner};
pub use observe::log_lines;
pub use reply::Reply;
pub use shop::{New, PASSWORD, Person, Requested, Shop};
pub use sources::{SeededEntropy, TestClock};
pub use stack::Stack;
