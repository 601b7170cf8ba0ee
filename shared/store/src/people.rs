//! Organizations, users, credentials and sessions.

pub(crate) mod addresses;
pub(crate) mod identity;
pub(crate) mod invitation;
pub(crate) mod organizations;
pub(crate) mod passwords;
pub(crate) mod refresh;
pub(crate) mod session_records;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod user_changes;
pub(crate) mod user_step;
pub(crate) mod users;
