//! Products, suppliers and warehouses: a file for each resource, and one for each subject that several tests share. The
//! suites `conventions` and `access` also test each of these operations.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod barcodes;
mod deletion;
mod products;
mod suppliers;
mod units;
mod warehouses;

use serde_json::Value;
use stockroom_harness::{Reply, Shop, Stack};

/// One shop as several processes serve it on one table.
pub(crate) async fn processes(count: usize) -> Vec<Shop> {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let others = (1..count).map(|_| shop.at(&shop.stack().another_process())).collect::<Vec<_>>();
    [vec![shop], others].concat()
}

/// The members of an answer that `like` has.
#[track_caller]
pub(crate) fn shown(reply: &Reply, like: &Value) -> Value {
    let names = like.as_object().unwrap().keys();
    Value::Object(names.map(|name| (name.clone(), reply.json()[name].clone())).collect())
}

/// One member of each item.
fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}
