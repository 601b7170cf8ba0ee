//! `GET /openapi.json`: the API's document. A test keeps the file what the operations say of themselves.

use stockroom_api::Operation;

use crate::page::{Enabled, File};

pub(crate) async fn openapi(_: Enabled) -> File {
    File::new("application/json", include_str!("../openapi.json"))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Get this document").serves_json();
}
