//! What scheduled jobs, consumers of events and operators do.

pub(crate) mod cleaning;
pub(crate) mod directory;
pub(crate) mod low_watch;
pub(crate) mod mailing;
pub(crate) mod migrations;
pub(crate) mod purging;
pub(crate) mod reporting;
