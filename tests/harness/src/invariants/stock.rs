//! Rules for movements and levels.

use serde_json::Value;
use stockroom_domain::{quantity::Quantity, time::Timestamp};

use super::{Books, Level, read, text};

impl Books<'_> {
    /// Each level's movements are numbered without gaps, and each balance follows from the one before.
    pub(super) fn check_ledger(&self, wrong: &mut Vec<String>) {
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

    /// Each level has movements, the product's minimum and correct index keys. Only empty levels may lack their product
    /// or warehouse.
    pub(super) fn check_levels(&self, organization: &str, wrong: &mut Vec<String>) {
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

    /// Each warehouse counts its levels.
    pub(super) fn check_places(&self, wrong: &mut Vec<String>) {
        for (warehouse, item) in &self.warehouses {
            let levels = self.levels.keys().filter(|(_, place)| place == warehouse).count() as u64;
            let counted = item["places"].as_u64().unwrap_or_default();
            if levels != counted {
                wrong.push(format!("warehouse {warehouse} has {levels} levels, counted are {counted}"));
            }
        }
    }

    /// Products with levels are marked, and every movement has its product's present unit.
    pub(super) fn check_units(&self, wrong: &mut Vec<String>) {
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
}

fn index_key(item: &Value, index: &str) -> Option<(String, String)> {
    let part = |name: &str| item[format!("{index}{name}")].as_str().map(str::to_owned);
    part("pk").zip(part("sk"))
}
