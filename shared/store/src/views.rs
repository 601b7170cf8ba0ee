//! Views of the log: the audit log, the feed of events, and the stream of the table.

pub(crate) mod audit;
pub(crate) mod events;
pub(crate) mod stream;
