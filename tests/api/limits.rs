//! Rate limits: how many requests are let through, of whom, however many processes serve them, and what it costs to count.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "these are tests: what is not as expected ends them there"
)]

mod attempts;
mod costs;
mod faults;
mod hashing;
mod mails;
mod requests;
mod shared;
mod strangers;
mod support;
