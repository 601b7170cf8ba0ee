//! Rate limits: buckets in the table, and the tokens that a process took from them.

pub(crate) mod bucket_writes;
pub(crate) mod counter;
pub(crate) mod link_mails;
pub(crate) mod token_leases;
