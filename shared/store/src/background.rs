//! Data access of scheduled jobs, consumers of events, and operators.

pub(crate) mod cleaning;
pub(crate) mod directory;
pub(crate) mod low_watch;
pub(crate) mod mailing;
pub(crate) mod migrations;
pub(crate) mod purging;
pub(crate) mod reporting;
