//! The invariants of the table after any sequence of writes. These rules are written independently, from the contract
//! and the key table. They share only types with the code that they check.

mod people;
mod purchasing;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use stockroom_domain::{purchasing::PurchaseRequestNumber, quantity::Quantity, time::Timestamp};

/// Every violation as text.
pub(crate) fn violations(items: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let mut organizations: BTreeMap<&str, Books<'_>> = BTreeMap::new();
    let mut credentials = BTreeMap::new();
    for item in items {
        let (pk, sk) = (text(item, "pk"), text(item, "sk"));
        let key: Vec<&str> = pk.split('#').collect();
        match key.as_slice() {
            ["CREDENTIAL", tenant] => {
                credentials.insert((*tenant, sk), item);
            }
            ["ORG", organization, kind @ ..] => {
                organizations.entry(organization).or_default().enter(kind, sk, item, &mut found);
            }
            _ => {}
        }
    }
    for (organization, books) in &organizations {
        let mut wrong = Vec::new();
        books.check_ledger(&mut wrong);
        books.check_levels(organization, &mut wrong);
        books.check_places(&mut wrong);
        books.check_units(&mut wrong);
        books.check_barcodes(&mut wrong);
        books.check_claims(&credentials, &mut wrong);
        books.check_people(&credentials, &mut wrong);
        books.check_log(&mut wrong);
        books.check_requests(&mut wrong);
        found.extend(wrong.into_iter().map(|wrong| format!("organization {organization}: {wrong}")));
    }
    found
}

/// The items of one organization by kind.
#[derive(Default)]
struct Books<'a> {
    subdomain: &'a str,
    organization: Option<&'a Value>,
    products: BTreeMap<&'a str, &'a Value>,
    warehouses: BTreeMap<&'a str, &'a Value>,
    /// Folded SKU to product.
    skus: BTreeMap<&'a str, &'a str>,
    /// Barcode and product of each barcode pointer.
    barcodes: BTreeSet<(&'a str, &'a str)>,
    users: BTreeMap<&'a str, &'a Value>,
    admins: u64,
    levels: BTreeMap<Place<'a>, &'a Value>,
    ledger: BTreeMap<Place<'a>, Vec<Line>>,
    transfers: BTreeMap<String, Vec<Line>>,
    /// The number of the last purchase request.
    last_number: u64,
    /// The counter of purchase requests.
    counter: Option<&'a Value>,
    requests: BTreeMap<&'a str, RequestBook>,
    /// The received quantity in the ledger, by request and product.
    arrived: BTreeMap<(String, String), Quantity>,
    /// Versioned resources.
    things: BTreeMap<&'a str, &'a Value>,
    /// The log entries that create or change a resource.
    changes: BTreeMap<&'a str, Vec<&'a Value>>,
}

/// The actions that create a resource or give it a new version.
const CHANGES: [&str; 9] =
    ["CREATE", "UPDATE", "SUBMIT", "APPROVE", "REJECT", "MARK_ORDERED", "RECEIVE", "CANCEL", "CLOSE"];

/// Product and warehouse.
type Place<'a> = (&'a str, &'a str);

/// Members that the log omits.
const BOOKKEEPING: [&str; 5] = ["id", "version", "created_at", "updated_at", "search"];

/// By subdomain and folded address.
type Credentials<'a> = BTreeMap<(&'a str, &'a str), &'a Value>;

/// The checked members of a movement.
#[derive(Debug, Clone, Deserialize)]
struct Line {
    #[serde(rename = "type")]
    kind: String,
    product_id: String,
    warehouse_id: String,
    quantity: Quantity,
    balance_after: Quantity,
    sequence: u64,
    created_at: Timestamp,
    transfer_id: Option<String>,
    purchase_request_id: Option<String>,
    /// None in movements that were recorded before units were kept.
    unit: Option<String>,
}

/// The checked members of a purchase request.
#[derive(Debug, Deserialize)]
struct RequestBook {
    request_number: PurchaseRequestNumber,
    status: String,
    currency: Option<String>,
    items: Vec<RequestLine>,
}

#[derive(Debug, Deserialize)]
struct RequestLine {
    product_id: String,
    estimated_price: Option<String>,
    quantity: Quantity,
    received_quantity: Quantity,
    #[serde(default)]
    cancelled_quantity: Quantity,
    #[serde(default)]
    released: bool,
}

impl RequestLine {
    fn is_complete(&self) -> bool {
        self.received_quantity.plus(self.cancelled_quantity) == Some(self.quantity)
    }
}

impl RequestBook {
    fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "DRAFT" | "SUBMITTED" | "APPROVED" | "ORDERED")
    }
}

#[derive(Debug, Deserialize)]
struct Level {
    on_hand: Quantity,
    sequence: u64,
    #[serde(rename = "min_stock_level")]
    minimum: Quantity,
    low_since: Option<Timestamp>,
    updated_at: Timestamp,
}

impl Line {
    fn signed(&self) -> Option<Quantity> {
        match self.kind.as_str() {
            "IN" | "TRANSFER_IN" if self.quantity.is_positive() => Some(self.quantity),
            "OUT" | "TRANSFER_OUT" if self.quantity.is_positive() => Some(self.quantity.negated()),
            "ADJUSTMENT" => Some(self.quantity),
            _ => None,
        }
    }
}

impl<'a> Books<'a> {
    fn enter(&mut self, kind: &[&'a str], sk: &'a str, item: &'a Value, wrong: &mut Vec<String>) {
        let data = &item["data"];
        match kind {
            ["ORG"] => (self.subdomain, self.organization) = (text(data, "subdomain"), Some(data)),
            ["PRODUCT"] => _ = self.products.insert(sk, item),
            ["WAREHOUSE"] => _ = self.warehouses.insert(sk, item),
            ["USER"] => _ = self.users.insert(sk, item),
            ["SKU"] => _ = self.skus.insert(sk, text(item, "id")),
            ["BARCODE"] => {
                let (barcode, id) = sk.split_once('\u{1}').unwrap();
                if item["id"] != id {
                    wrong.push(format!("the barcode {barcode} of {id} leads to {}", item["id"]));
                }
                self.barcodes.insert((barcode, id));
            }
            ["COUNTER"] if sk == "ADMINS" => self.admins = read(&item["count"]),
            ["COUNTER"] if sk == "REQUESTS" => (self.last_number, self.counter) = (read(&item["count"]), Some(item)),
            ["PR"] => _ = self.requests.insert(sk, read(data)),
            ["STOCK", warehouse] => _ = self.levels.insert((sk, warehouse), item),
            ["MOVE", _] => {
                let line: Line = read(data);
                if let Some(transfer) = &line.transfer_id {
                    self.transfers.entry(transfer.clone()).or_default().push(line.clone());
                }
                if let Some(request) = &line.purchase_request_id {
                    let sum = self.arrived.entry((request.clone(), line.product_id.clone())).or_default();
                    *sum = sum.plus(line.quantity).unwrap();
                }
                self.ledger.entry((text(data, "product_id"), text(data, "warehouse_id"))).or_default().push(line);
            }
            // An organization that was deleted stays until it is purged.
            ["LOG", _]
                if CHANGES.contains(&text(data, "action"))
                    || (data["action"] == "DELETE" && data["entity"] == "Organization") =>
            {
                self.changes.entry(text(data, "entity_id")).or_default().push(data);
            }
            _ => {}
        }
        if let ["ORG" | "PRODUCT" | "SUPPLIER" | "WAREHOUSE" | "USER" | "PR"] = kind {
            self.things.insert(text(data, "id"), data);
        }
        if let ["MOVE" | "LOG", shard] = kind {
            let last_byte = u8::from_str_radix(&sk[sk.len() - 2..], 16).unwrap();
            if *shard != (last_byte % 4).to_string() {
                wrong.push(format!("{sk} is in shard {shard}"));
            }
            // The id's bits name the kind of item, and leave room for a second event.
            if last_byte & 0b1100 != if kind[0] == "MOVE" { 0b0100 } else { 0 } {
                wrong.push(format!("{sk} is no id of a {}", kind[0]));
            }
        }
    }

    /// The barcode pointers are exactly those of the products.
    fn check_barcodes(&self, wrong: &mut Vec<String>) {
        let barcode = |(id, item): (&&'a str, &&'a Value)| Some((item["data"]["barcode"].as_str()?, *id));
        let borne: BTreeSet<_> = self.products.iter().filter_map(barcode).collect();
        if borne != self.barcodes {
            wrong.push(format!("the products have the barcodes {borne:?}, found are {:?}", self.barcodes));
        }
    }

    /// Each resource has one entry for each version, and equals the sum of its entries.
    fn check_log(&self, wrong: &mut Vec<String>) {
        for (id, thing) in &self.things {
            let mut entries = self.changes.get(id).cloned().unwrap_or_default();
            if thing["version"] != entries.len() {
                wrong.push(format!("{id} has version {} and {} entries in the log", thing["version"], entries.len()));
            }
            entries.sort_by_key(|entry| text(entry, "created_at"));
            let mut logged = Map::new();
            for entry in &entries {
                let mut after = entry["after"].as_object().cloned().unwrap_or_default();
                if entry["action"] == "RECEIVE" || entry["action"] == "CLOSE" {
                    change_lines(&mut logged, after.remove("items"));
                }
                logged.extend(after);
            }
            without_nulls(&mut logged);
            let mut stored = thing.as_object().unwrap().clone();
            stored.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
            for line in stored.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
                line.as_object_mut().unwrap().remove("released");
            }
            without_nulls(&mut stored);
            // The log entry of an organization's deletion has no state; the table keeps it.
            if stored != logged && thing["status"] != "DELETED" {
                wrong.push(format!("{id} is {stored:?}, the log says {logged:?}"));
            }
        }
    }
}

/// Applies the entry of a receipt or a closing, which has the changed lines with their new quantities.
fn change_lines(request: &mut Map<String, Value>, lines: Option<Value>) {
    for line in lines.as_ref().and_then(Value::as_array).into_iter().flatten() {
        let items = request.get_mut("items").and_then(Value::as_array_mut).unwrap();
        let item = items.iter_mut().find(|item| item["id"] == line["id"]).unwrap();
        for (name, value) in line.as_object().unwrap() {
            item[name] = value.clone();
        }
    }
}

fn without_nulls(members: &mut Map<String, Value>) {
    members.retain(|_, value| !value.is_null());
    for value in members.values_mut() {
        for element in value.as_array_mut().into_iter().flatten() {
            element.as_object_mut().map(without_nulls).unwrap_or_default();
        }
    }
}

#[track_caller]
fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name].as_str().unwrap_or_else(|| panic!("no {name} in {item}"))
}

#[track_caller]
fn read<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{error} in {value}"))
}
