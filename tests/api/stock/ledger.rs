//! Lists of movements: every filter, every page, both orders.

use std::{collections::BTreeMap, slice, time::Duration};

use proptest::prelude::{Strategy, prop_oneof};
use serde_json::Value;
use stockroom_domain::time::Timestamp;
use stockroom_harness::{Shop, Stack};

use super::{
    random::{PRODUCTS, REFERENCES, Story, WAREHOUSES, play, steps},
    support::walk,
};

const LEDGER: &str = "/api/v1/stock-movements";

/// A filter by positions in a story that is not played yet.
#[derive(Debug, Clone)]
struct Narrowing {
    product: Option<usize>,
    warehouse: Option<usize>,
    kind: Option<&'static str>,
    reference: Option<usize>,
    is_by_manager: Option<bool>,
    /// Movements whose moments bound it; the bound is a millisecond off by the second number.
    from: Option<(usize, usize)>,
    to: Option<(usize, usize)>,
    limit: usize,
}

fn narrowings(count: usize) -> impl Strategy<Value = Vec<Narrowing>> {
    // Half of the lists have no filter without an index, so that they are long.
    let seldom = |some: f64| proptest::option::weighted(some, 0_usize..1);
    let kind = proptest::sample::select(vec!["IN", "OUT", "TRANSFER", "TRANSFER_OUT", "TRANSFER_IN", "ADJUSTMENT"]);
    let bound = || proptest::option::weighted(0.3, (0_usize..1_000, 0_usize..2));
    let limit = prop_oneof![1_usize..5, 5_usize..30];
    let narrowing = (
        (proptest::option::of(0..PRODUCTS), proptest::option::of(0..WAREHOUSES)),
        (seldom(0.3), kind),
        (seldom(0.2), 0..REFERENCES.len()),
        (seldom(0.2), proptest::bool::ANY),
        (bound(), bound()),
        limit,
    );
    let narrowing = narrowing.prop_map(|(place, kind, reference, manager, (from, to), limit)| Narrowing {
        product: place.0,
        warehouse: place.1,
        kind: kind.0.map(|_| kind.1),
        reference: reference.0.map(|_| reference.1),
        is_by_manager: manager.0.map(|_| manager.1),
        from,
        to,
        limit,
    });
    proptest::collection::vec(narrowing, count)
}

impl Narrowing {
    fn parameters(&self, story: &Story) -> Vec<(&'static str, String)> {
        let moment = |(movement, late): (usize, usize)| {
            let movement = story.movements.get(movement % story.movements.len().max(1))?;
            let at: Timestamp = movement["created_at"].as_str().unwrap().parse().unwrap();
            Some(at.plus(Duration::from_millis(late as u64)).to_string())
        };
        let person = |is_manager| if is_manager { story.shop.manager() } else { story.shop.staff() };
        let parameters = [
            ("product_id", self.product.map(|index| story.products[index].clone())),
            ("warehouse_id", self.warehouse.map(|index| story.warehouses[index].clone())),
            ("type", self.kind.map(str::to_owned)),
            ("reference", self.reference.map(|index| REFERENCES[index].to_owned())),
            ("created_by", self.is_by_manager.map(|is_manager| person(is_manager).id.clone())),
            ("from", self.from.and_then(moment)),
            ("to", self.to.and_then(moment)),
        ];
        parameters.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

/// Whether a movement is in a list with that parameter, by the contract.
fn admits(movement: &Value, (name, value): (&str, &str)) -> bool {
    let created_at = movement["created_at"].as_str().unwrap();
    match name {
        "type" if value == "TRANSFER" => movement["type"].as_str().unwrap().starts_with("TRANSFER_"),
        "created_by" => movement["created_by"]["id"] == value,
        "from" => created_at >= value,
        "to" => created_at < value,
        _ => movement[name] == value,
    }
}

/// Walks the list in both orders and compares it with the recorded movements.
async fn compare(story: &Story, parameters: &[(&str, String)], limit: usize) {
    let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let is_listed = |movement: &&Value| parameters.iter().all(|parameter| admits(movement, *parameter));
    let mut expected: Vec<&Value> = story.movements.iter().filter(is_listed).collect();
    let list = story.shop.staff().get(LEDGER).query(&parameters);
    let mut ascending = walk(list.clone().query(&[("order", "asc")]), limit).await;
    let mut descending = walk(list, limit).await;
    descending.reverse();
    for (listed, order) in [(&ascending, "asc"), (&descending, "desc")] {
        let is_in_order = listed.is_sorted_by_key(|movement| movement["created_at"].as_str());
        assert!(is_in_order, "{order} by {parameters:?}");
        let mut sequences = BTreeMap::new();
        for movement in listed {
            let place = (movement["product_id"].as_str(), movement["warehouse_id"].as_str());
            let sequence = movement["sequence"].as_u64();
            assert!(sequences.insert(place, sequence) < Some(sequence), "{order} by {parameters:?}");
        }
    }
    let id = |movement: &Value| movement["id"].as_str().unwrap().to_owned();
    expected.sort_by_key(|movement| id(movement));
    for (listed, order) in [(&mut ascending, "asc"), (&mut descending, "desc")] {
        listed.sort_by_key(id);
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{order}, {limit} a page, by {parameters:?}");
    }
}

#[test]
fn list_of_movements_has_each_movement_once_and_in_order() {
    let stories = (steps(40), narrowings(12));
    play(4, &stories, async |(steps, narrowings)| {
        let story = Story::of(&steps).await;
        let [product, warehouse] =
            [("product_id", story.products[0].clone()), ("warehouse_id", story.warehouses[0].clone())];
        for parameters in [vec![], vec![product.clone()], vec![warehouse.clone()], vec![product, warehouse]] {
            compare(&story, &parameters, 3).await;
        }
        for narrowing in narrowings {
            compare(&story, &narrowing.parameters(&story), narrowing.limit).await;
        }
        story.shop.stack().check_invariants();
    });
}

#[tokio::test]
async fn list_of_movements_includes_from_and_excludes_to() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    let second = shop.take(&product, &main, 1).await.expect(201).json();
    let third = shop.take(&product, &main, 2).await.expect(201).json();

    let bounds = [second["created_at"].as_str().unwrap(), third["created_at"].as_str().unwrap()];
    for place in [vec![], vec![("product_id", &*product)], vec![("warehouse_id", &*main)]] {
        let within = shop.staff().get(LEDGER).query(&place).query(&[("from", bounds[0]), ("to", bounds[1])]);
        assert_eq!(walk(within, 20).await, slice::from_ref(&second));
        let backwards = shop.staff().get(LEDGER).query(&place).query(&[("from", bounds[1]), ("to", bounds[0])]);
        assert_eq!(walk(backwards, 20).await, Vec::<Value>::new());
    }
    let refused = shop.staff().get(LEDGER).query(&[("from", "monday"), ("type", "COUNT"), ("colour", "red")]);
    let mut faults = refused.await.expect(422).faults();
    faults.sort();
    assert_eq!(faults, ["colour unknown_parameter", "from invalid_format", "type unknown_value"]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_movements_with_a_rare_match_reaches_it() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = (shop.product("SKU-1").await, shop.warehouse("Main").await);
    let rare = shop.receive(&product, &main, 600).with("reference", "rare").await.expect(201).json();
    for _ in 0..260 {
        shop.take(&product, &main, 1).await.expect(201);
    }

    // More lies between the end of the ledger and its beginning than is examined for one page of a product.
    for place in [vec![], vec![("product_id", &*product)], vec![("warehouse_id", &*main)]] {
        let list = shop.staff().get(LEDGER).query(&place).query(&[("reference", "rare")]);
        assert_eq!(walk(list, 1).await, slice::from_ref(&rare), "{place:?}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_of_product_and_warehouse_keeps_the_ledger() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 10).await;
    shop.take(&product, &main, 10).await.expect(201);
    let recorded = walk(shop.staff().get(LEDGER), 20).await;
    assert_eq!(recorded.len(), 2);

    shop.admin().delete(format!("/api/v1/products/{product}")).await.expect(204);
    shop.admin().delete(format!("/api/v1/warehouses/{main}")).await.expect(204);

    for filter in [vec![], vec![("product_id", &*product)], vec![("warehouse_id", &*main)]] {
        assert_eq!(walk(shop.staff().get(LEDGER).query(&filter), 20).await, recorded);
    }
    let first = recorded[0]["id"].as_str().unwrap();
    assert_eq!(shop.staff().get(format!("{LEDGER}/{first}")).await.expect(200).json(), recorded[0]);
    assert_eq!(walk(shop.staff().get("/api/v1/stock-levels"), 20).await, Vec::<Value>::new());
    shop.stack().check_invariants();
}
