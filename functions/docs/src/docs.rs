//! `GET /docs`: the API to read and to try out, by Swagger UI.

use stockroom_api::Operation;

use crate::page::{Enabled, File};

pub(crate) async fn docs(_: Enabled) -> File {
    File::new("text/html; charset=utf-8", include_str!("../assets/docs.html"))
}

pub(crate) fn contract(it: &mut Operation) {
    it.summary("Read and try out the API").note("Swagger UI.").serves("text/html");
}
