//! What must hold of the table, whatever happened to whoever wrote it. The rules are written down here a second time, from
//! the contract and the key table, and share nothing with the code they judge but its types.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use stockroom_domain::{
    purchasing::RequestNumber, quantity::Quantity, search::search_fold, text::fold, time::Timestamp,
};

/// Everything found wrong, in words.
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

/// What one organization has, by the kind of its items.
#[derive(Default)]
struct Books<'a> {
    subdomain: &'a str,
    organization: Option<&'a Value>,
    products: BTreeMap<&'a str, &'a Value>,
    warehouses: BTreeMap<&'a str, &'a Value>,
    /// Folded SKU to product.
    skus: BTreeMap<&'a str, &'a str>,
    /// Barcode and product of what leads from the one to the other.
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
    /// What the ledger says came in for a request, by request and product.
    arrived: BTreeMap<(String, String), Quantity>,
    /// What has versions.
    things: BTreeMap<&'a str, &'a Value>,
    /// The entries of the log that say of a thing that it was made or changed.
    changes: BTreeMap<&'a str, Vec<&'a Value>>,
}

/// The actions that make a thing or give it a new version.
const CHANGES: [&str; 9] =
    ["CREATE", "UPDATE", "SUBMIT", "APPROVE", "REJECT", "MARK_ORDERED", "RECEIVE", "CANCEL", "CLOSE"];

/// Product and warehouse.
type Place<'a> = (&'a str, &'a str);

/// What the log says nothing of.
const BOOKKEEPING: [&str; 5] = ["id", "version", "created_at", "updated_at", "search"];

/// By subdomain and folded address.
type Credentials<'a> = BTreeMap<(&'a str, &'a str), &'a Value>;

/// A movement, as far as it counts.
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

/// A purchase request, as far as it counts.
#[derive(Debug, Deserialize)]
struct RequestBook {
    request_number: RequestNumber,
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
            // The id says where to look, and leaves room for a second event.
            if last_byte & 0b1100 != if kind[0] == "MOVE" { 0b0100 } else { 0 } {
                wrong.push(format!("{sk} is no id of a {}", kind[0]));
            }
        }
    }

    /// Each place's movements are numbered without gaps, and each balance follows from the one before.
    fn check_ledger(&self, wrong: &mut Vec<String>) {
        for ((product, warehouse), lines) in &self.ledger {
            let place = format!("product {product} in warehouse {warehouse}");
            let mut lines = lines.clone();
            lines.sort_by_key(|line| line.sequence);
            let (mut balance, mut at) = (Quantity::ZERO, Timestamp::EPOCH);
            for (number, line) in (1..).zip(&lines) {
                let follows = line.signed().and_then(|signed| balance.plus(signed));
                if line.sequence != number {
                    wrong.push(format!("{place}: movement {number} is number {}", line.sequence));
                } else if follows != Some(line.balance_after) || line.balance_after.is_negative() {
                    wrong.push(format!("{place}: {balance} came before {line:?}"));
                } else if line.created_at < at {
                    wrong.push(format!("{place}: movement {number} was recorded before the one before it"));
                }
                (balance, at) = (line.balance_after, line.created_at);
            }
            let last = lines.last().map(|line| (line.balance_after, line.sequence, line.created_at));
            let level = self.levels.get(&(*product, *warehouse)).map(|item| read::<Level>(item));
            let level = level.map(|level| (level.on_hand, level.sequence, level.updated_at));
            if level != last {
                wrong.push(format!("{place}: the level is {level:?}, the ledger ends with {last:?}"));
            }
        }
        for (transfer, legs) in &self.transfers {
            let mut legs: Vec<_> = legs.iter().collect();
            legs.sort_by(|one, other| other.kind.cmp(&one.kind));
            let is_whole = matches!(legs.as_slice(), [out, into] if out.kind == "TRANSFER_OUT"
                && into.kind == "TRANSFER_IN"
                && (&out.product_id, out.quantity) == (&into.product_id, into.quantity)
                && out.warehouse_id != into.warehouse_id);
            if !is_whole {
                wrong.push(format!("transfer {transfer} has the legs {legs:?}"));
            }
        }
    }

    /// Each level has movements, its product and warehouse unless it is empty, their minimum, and its place in the
    /// indexes.
    fn check_levels(&self, organization: &str, wrong: &mut Vec<String>) {
        for (&(product, warehouse), item) in &self.levels {
            let place = format!("product {product} in warehouse {warehouse}");
            let level: Level = read(item);
            if !self.ledger.contains_key(&(product, warehouse)) {
                wrong.push(format!("{place}: there is a level and no movement"));
            }
            let owner = self.products.get(product).filter(|_| self.warehouses.contains_key(warehouse));
            if owner.is_none() && level.on_hand != Quantity::ZERO {
                wrong.push(format!("{place}: {} of what was deleted", level.on_hand));
            }
            let minimum = owner.map(|product| read::<Quantity>(&product["data"]["min_stock_level"]));
            let follows = owner.is_none_or(|product| product["spreading"] == true);
            if !follows && minimum != Some(level.minimum) {
                wrong.push(format!("{place}: the minimum is {}, the product's {minimum:?}", level.minimum));
            }
            let is_low = level.on_hand < level.minimum;
            if is_low != level.low_since.is_some() {
                wrong.push(format!("{place}: {level:?} is low or is not"));
            }
            let low = level
                .low_since
                .filter(|_| owner.is_some())
                .map(|since| (format!("ORG#{organization}#LOW"), format!("{since}#{product}#{warehouse}")));
            let all = Some((format!("ORG#{organization}#LEVELS"), format!("{product}#{warehouse}")));
            for (index, expected) in [("i1", low), ("i2", all)] {
                let stands = index_key(item, index);
                if stands != expected {
                    wrong.push(format!("{place}: {index} is {stands:?} instead of {expected:?}"));
                }
            }
        }
    }

    /// Each warehouse knows how many levels were made in it.
    fn check_places(&self, wrong: &mut Vec<String>) {
        for (warehouse, item) in &self.warehouses {
            let levels = self.levels.keys().filter(|(_, place)| place == warehouse).count() as u64;
            let counted = item["places"].as_u64().unwrap_or_default();
            if levels != counted {
                wrong.push(format!("warehouse {warehouse} has {levels} levels, counted are {counted}"));
            }
        }
    }

    /// A product that has levels says so, and every movement is recorded in the unit that the product still has.
    fn check_units(&self, wrong: &mut Vec<String>) {
        for ((id, _), lines) in &self.ledger {
            let Some(product) = self.products.get(id) else { continue };
            let unit = text(&product["data"], "unit");
            for line in lines.iter().filter(|line| line.unit.as_deref().is_some_and(|recorded| recorded != unit)) {
                wrong.push(format!("product {id} is counted in {unit}, and has {line:?}"));
            }
            if lines.iter().any(|line| line.unit.is_some()) && product["has_levels"] != true {
                wrong.push(format!("product {id} has movements and does not say so"));
            }
        }
    }

    /// Each product is found by its barcode, and no other.
    fn check_barcodes(&self, wrong: &mut Vec<String>) {
        let barcode = |(id, item): (&&'a str, &&'a Value)| Some((item["data"]["barcode"].as_str()?, *id));
        let borne: BTreeSet<_> = self.products.iter().filter_map(barcode).collect();
        if borne != self.barcodes {
            wrong.push(format!("the products have the barcodes {borne:?}, found are {:?}", self.barcodes));
        }
    }

    /// What must be unique is claimed by who has it and by nobody else, and the admins are counted.
    fn check_claims(&self, credentials: &Credentials<'_>, wrong: &mut Vec<String>) {
        let skus: BTreeMap<String, &str> =
            self.products.iter().map(|(id, item)| (fold(text(&item["data"], "sku")), *id)).collect();
        let claimed = self.skus.iter().map(|(sku, id)| ((*sku).to_owned(), *id)).collect();
        if skus != claimed {
            wrong.push(format!("the products have the SKUs {skus:?}, claimed are {claimed:?}"));
        }
        let emails: BTreeMap<String, &str> =
            self.users.iter().map(|(id, item)| (fold(text(&item["data"], "email")), *id)).collect();
        let own = credentials.iter().filter(|((tenant, _), _)| *tenant == self.subdomain);
        let claimed = own.map(|((_, email), item)| ((*email).to_owned(), text(item, "user"))).collect();
        if emails != claimed {
            wrong.push(format!("the users have the addresses {emails:?}, credentials have {claimed:?}"));
        }
        let is_admin = |item: &&&Value| item["data"]["role"] == "ADMIN" && item["data"]["status"] == "ACTIVE";
        let admins = self.users.values().filter(is_admin).count() as u64;
        if admins != self.admins || admins == 0 {
            wrong.push(format!("there are {admins} active admins, counted are {}", self.admins));
        }
    }

    /// Numbers are given once, never more arrives and is cancelled than was ordered, what arrived is in the ledger, and each
    /// product counts the lines of open requests that name it and have not released it.
    fn check_requests(&self, wrong: &mut Vec<String>) {
        let mut numbers = BTreeMap::new();
        let mut open: BTreeMap<&str, u64> = BTreeMap::new();
        let mut received = BTreeMap::new();
        for (id, request) in &self.requests {
            let RequestNumber(number) = request.request_number;
            if let Some(other) = numbers.insert(number, id).filter(|_| number > 0) {
                wrong.push(format!("requests {id} and {other} have the number {number}"));
            }
            if number == 0 || number > self.last_number {
                wrong.push(format!("request {id} has the number {number}, the last was {}", self.last_number));
            }
            for line in &request.items {
                if line.released && !line.is_complete() {
                    wrong.push(format!("request {id} has released the product of an open line: {line:?}"));
                }
                if request.is_open() && !line.released {
                    *open.entry(&line.product_id).or_default() += 1;
                }
                if line.received_quantity.plus(line.cancelled_quantity).unwrap() > line.quantity {
                    wrong.push(format!("request {id} has more than it ordered: {line:?}"));
                }
                if line.received_quantity != Quantity::ZERO {
                    received.insert(((*id).to_owned(), line.product_id.clone()), line.received_quantity);
                }
            }
            let is_complete = request.items.iter().all(RequestLine::is_complete);
            if is_complete != (request.status == "RECEIVED") {
                wrong.push(format!("{request:?} has all or has not"));
            }
        }
        self.check_prices(wrong);
        if received != self.arrived {
            wrong.push(format!("the requests say {received:?} arrived, the ledger {:?}", self.arrived));
        }
        let counted: BTreeMap<&str, u64> = self
            .products
            .iter()
            .filter_map(|(id, item)| Some((*id, item["requests"].as_u64().filter(|count| *count > 0)?)))
            .collect();
        if counted != open {
            wrong.push(format!("open requests name {open:?}, products count {counted:?}"));
        }
    }

    /// The requests that have a price are counted, and state the organization's currency.
    fn check_prices(&self, wrong: &mut Vec<String>) {
        let has_prices = |request: &&RequestBook| request.items.iter().any(|line| line.estimated_price.is_some());
        let priced: Vec<_> = self.requests.values().filter(has_prices).collect();
        let counter = self.counter.filter(|counter| counter["counts_prices"] == true);
        let noted = counter.map(|counter| counter["priced"].as_u64().unwrap_or_default());
        if noted.is_some_and(|noted| noted != priced.len() as u64) {
            wrong.push(format!("{} requests have prices, counted are {noted:?}", priced.len()));
        }
        let own = self.organization.map(|organization| text(organization, "currency"));
        let others =
            priced.iter().filter_map(|request| request.currency.as_deref()).filter(|stated| Some(*stated) != own);
        wrong.extend(others.map(|other| format!("a request has prices in {other}, the organization in {own:?}")));
    }

    /// What a credential repeats of its user is the user's, who is disabled is nowhere signed in, and a search finds
    /// everybody. An organization was deleted at some time or is in use.
    fn check_people(&self, credentials: &Credentials<'_>, wrong: &mut Vec<String>) {
        for (id, user) in &self.users {
            let data = &user["data"];
            let (name, email) = (text(data, "full_name"), text(data, "email"));
            if let Some(credential) = credentials.get(&(self.subdomain, &*fold(email))) {
                let copies = [("full_name", data), ("role", data), ("auth_epoch", user)];
                for (copy, original) in copies.iter().filter(|(copy, original)| credential[copy] != original[copy]) {
                    wrong.push(format!(
                        "user {id}: {copy} is {}, the credential's {}",
                        original[copy], credential[copy]
                    ));
                }
            }
            let sessions = user["sessions"].as_object().map_or(usize::MAX, Map::len);
            let most = if data["status"] == "ACTIVE" { 10 } else { 0 };
            if sessions > most {
                wrong.push(format!("user {id} is {} and has {sessions} sessions", data["status"]));
            }
            if user["search"] != [name, email].map(search_fold).join("\n").as_str() {
                wrong.push(format!("user {id} is searched as {}", user["search"]));
            }
        }
        if let Some(organization) = self.organization
            && (organization["status"] == "DELETED") != organization["deleted_at"].is_string()
        {
            wrong.push(format!("it was deleted or it was not: {organization}"));
        }
    }

    /// Whatever is there was made once and changed once a version, and is what its entries add up to.
    fn check_log(&self, wrong: &mut Vec<String>) {
        for (id, thing) in &self.things {
            let mut entries = self.changes.get(id).cloned().unwrap_or_default();
            if thing["version"] != entries.len() {
                wrong.push(format!("{id} has version {} and {} entries in the log", thing["version"], entries.len()));
            }
            entries.sort_by_key(|entry| text(entry, "created_at"));
            let mut told = Map::new();
            for entry in &entries {
                let mut after = entry["after"].as_object().cloned().unwrap_or_default();
                if entry["action"] == "RECEIVE" || entry["action"] == "CLOSE" {
                    change_lines(&mut told, after.remove("items"));
                }
                told.extend(after);
            }
            without_nulls(&mut told);
            let mut stored = thing.as_object().unwrap().clone();
            stored.retain(|name, _| !BOOKKEEPING.contains(&name.as_str()));
            for line in stored.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
                line.as_object_mut().unwrap().remove("released");
            }
            without_nulls(&mut stored);
            // The end of an organization takes its state out of the log, and leaves it in the table.
            if stored != told && thing["status"] != "DELETED" {
                wrong.push(format!("{id} is {stored:?}, the log says {told:?}"));
            }
        }
    }
}

/// The entry of a receipt or a closing names those lines of a request that it changed, each with its new quantity.
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

fn index_key(item: &Value, index: &str) -> Option<(String, String)> {
    let part = |name: &str| item[format!("{index}{name}")].as_str().map(str::to_owned);
    part("pk").zip(part("sk"))
}

#[track_caller]
fn text<'a>(item: &'a Value, name: &str) -> &'a str {
    item[name].as_str().unwrap_or_else(|| panic!("no {name} in {item}"))
}

#[track_caller]
fn read<T: DeserializeOwned>(value: &Value) -> T {
    T::deserialize(value).unwrap_or_else(|error| panic!("{error} in {value}"))
}
