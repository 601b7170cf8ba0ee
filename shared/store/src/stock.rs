//! Stock: levels, the ledger of movements, and how one changes the other.

pub(crate) mod level_records;
pub(crate) mod levels;
pub(crate) mod low_list;
pub(crate) mod movements;
pub(crate) mod names;
pub(crate) mod past;
pub(crate) mod posting;
pub(crate) mod propagation;
