//! Rules for purchase requests.

use std::collections::BTreeMap;

use stockroom_domain::{purchasing::PurchaseRequestNumber, quantity::Quantity};

use super::{Books, RequestBook, RequestLine, text};

impl Books<'_> {
    /// Numbers are unique, lines never receive and cancel more than they order, the ledger has every receipt, and each
    /// product counts its unreleased lines of open requests.
    pub(super) fn check_requests(&self, wrong: &mut Vec<String>) {
        let mut numbers = BTreeMap::new();
        let mut open: BTreeMap<&str, u64> = BTreeMap::new();
        let mut received = BTreeMap::new();
        for (id, request) in &self.requests {
            let PurchaseRequestNumber(number) = request.request_number;
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

    /// The counter of requests with prices is correct, and they have the organization's currency.
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
}
