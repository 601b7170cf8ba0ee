//! Credentials: tokens, passwords, tenants by name, the refresh cookie, and the keyed digests that protect cursors and
//! idempotency keys. Nothing here knows a router or its state.

pub(crate) mod browser;
pub(crate) mod cursor;
pub(crate) mod digest;
pub(crate) mod password;
pub(crate) mod tenant;
pub(crate) mod token;
mod verified;
