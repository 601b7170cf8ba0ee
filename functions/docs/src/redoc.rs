//! `GET /redoc`: the API to read, by `ReDoc`.

use stockroom_api::Operation;

use crate::page::{Enabled, File};

pub(crate) async fn redoc(_: Enabled) -> File {
    File::new("text/html; charset=utf-8", include_str!("../assets/redoc.html"))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Read the API").note("ReDoc.").serves("text/html");
}
