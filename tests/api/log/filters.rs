//! The filters of the audit log, alone and together, in both orders, to the last page.

use serde_json::{Value, json};
use stockroom_harness::{Client, Fault, PASSWORD, Shop, Stack};

use crate::stock::support::walk;

const PATH: &str = "/api/v1/audit-logs";

type Filter = Vec<(&'static str, String)>;

async fn list(client: &Client, filter: &Filter, order: &str, limit: usize) -> Vec<Value> {
    let filter: Vec<_> = filter.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let query = [&filter[..], &[("order", order)]].concat();
    walk(client.get(PATH).query(&query), limit).await
}

/// The entries that the filter should return, computed from the list.
fn fits(entry: &Value, filter: &Filter) -> bool {
    filter.iter().all(|(name, value)| match *name {
        "actor_id" => entry["actor"]["id"] == json!(value),
        "from" => entry["created_at"].as_str().unwrap() >= value.as_str(),
        "to" => entry["created_at"].as_str().unwrap() < value.as_str(),
        name => entry[name] == json!(value),
    })
}

/// A shop with actions of every user.
async fn busy(stack: &Stack) -> (Shop, String, String) {
    let shop = Shop::open(stack, "acme").await;
    let (product, main) = shop.stocked("SKU-1", 50).await;
    let annex = shop.warehouse("Annex").await;
    for n in 0..6 {
        let person = if n % 2 == 0 { shop.manager() } else { shop.staff() };
        let movement = person.take(&product, &main, 1).await.expect(201);
        person.transfer(&product, &main, &annex, 1).await.expect(201);
        person.record("COUNT", &product, &annex, n).await.expect(201);
        let name = json!({"name": format!("Name {n}")});
        shop.manager().patch(format!("/api/v1/products/{product}"), name).await.expect(200);
        shop.supplier(&format!("Supplier {n}")).await;
        let password = if n % 2 == 0 { PASSWORD } else { "not the password" };
        shop.anonymous().log_in(&shop.manager().email, password).await;
        if n == 5 {
            return (shop, product, movement.id());
        }
    }
    panic!("there was a last movement")
}

#[tokio::test]
async fn list_of_audit_entries_by_one_or_two_filters_has_every_match() {
    let (shop, product, movement) = busy(&Stack::start().await).await;
    let all = list(shop.admin(), &Filter::new(), "desc", 100).await;
    assert!(all.len() > 50, "{}", all.len());
    let time = |n: usize| all[n]["created_at"].as_str().unwrap().to_owned();
    let single = [
        ("entity", "Product".to_owned()),
        ("entity", "StockMovement".to_owned()),
        ("entity", "PurchaseOrder".to_owned()),
        ("entity_id", product),
        ("entity_id", movement),
        ("entity_id", shop.manager().id.clone()),
        ("entity_id", shop.id.clone()),
        ("actor_id", shop.staff().id.clone()),
        ("actor_id", shop.manager().id.clone()),
        ("action", "UPDATE".to_owned()),
        ("action", "STOCK_TRANSFER".to_owned()),
        ("action", "LOGIN_FAILED".to_owned()),
        ("from", time(20)),
        ("to", time(10)),
    ];
    let known: Vec<_> = single.iter().filter(|(_, value)| value != "PurchaseOrder").cloned().collect();
    let pairs = known.iter().flat_map(|one| known.iter().map(move |other| vec![one.clone(), other.clone()]));
    let pairs = pairs.filter(|pair| pair[0].0 < pair[1].0);
    let triples = [
        vec![("entity_id", shop.manager().id.clone()), ("action", "LOGIN".to_owned()), ("from", time(40))],
        vec![("actor_id", shop.staff().id.clone()), ("from", time(30)), ("to", time(3))],
    ];
    let mut shown = 0;
    for filter in known.iter().map(|one| vec![one.clone()]).chain(pairs).chain(triples) {
        let mut expected: Vec<_> = all.iter().filter(|entry| fits(entry, &filter)).cloned().collect();
        shown += expected.len();
        assert_eq!(list(shop.admin(), &filter, "desc", 100).await, expected, "{filter:?}");
        expected.reverse();
        assert_eq!(list(shop.admin(), &filter, "asc", 9).await, expected, "{filter:?}");
    }
    assert!(shown > 400, "{shown}");
    for (parameter, value) in
        [("entity", "PurchaseOrder"), ("action", "login"), ("entity_id", "SKU-1"), ("actor_id", "x"), ("from", "now")]
    {
        let refused = shop.admin().get(PATH).query(&[(parameter, value)]).await.expect(422);
        assert!(refused.faults()[0].starts_with(parameter), "{:?}", refused.faults());
    }
}

#[tokio::test]
async fn list_of_audit_entries_in_any_page_size_and_order_is_complete() {
    let (shop, ..) = busy(&Stack::start().await).await;
    let all = list(shop.admin(), &Filter::new(), "desc", 100).await;
    assert!(all.is_sorted_by(|a, b| a["id"].as_str() > b["id"].as_str()), "newest first, and each once");
    for limit in [1, 2, 7, 20] {
        assert_eq!(list(shop.admin(), &Filter::new(), "desc", limit).await, all);
        let mut oldest_first = list(shop.admin(), &Filter::new(), "asc", limit).await;
        oldest_first.reverse();
        assert_eq!(oldest_first, all);
    }
}

#[tokio::test]
async fn list_of_audit_entries_with_partial_answers_of_the_table_is_complete() {
    let (shop, product, movement) = busy(&Stack::start_with_faults().await).await;
    let filters = [
        Filter::new(),
        vec![("action", "DELETE".to_owned())],
        vec![("actor_id", shop.staff().id.clone())],
        vec![("entity_id", product)],
        vec![("entity_id", movement)],
    ];
    for filter in filters {
        shop.faults().end();
        let whole = list(shop.admin(), &filter, "desc", 100).await;
        shop.faults().always(Fault::Partial);
        assert_eq!(list(shop.admin(), &filter, "desc", 100).await, whole, "{filter:?}");
        let mut again = list(shop.admin(), &filter, "asc", 100).await;
        again.reverse();
        assert_eq!(again, whole, "{filter:?}");
    }
}

#[tokio::test]
async fn list_of_audit_entries_by_foreign_ids_is_empty() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let (product, main) = globex.stocked("SKU-1", 5).await;
    let movement = globex.take(&product, &main, 1).await.expect(201).id();
    let unknown = "01930000-0000-7000-8000-000000000000".to_owned();
    for (name, theirs) in [
        ("entity_id", product),
        ("entity_id", movement.clone()),
        ("entity_id", globex.id.clone()),
        ("actor_id", globex.staff().id.clone()),
    ] {
        for value in [theirs, unknown.clone()] {
            assert_eq!(list(shop.admin(), &vec![(name, value)], "desc", 20).await, [Value::Null; 0]);
        }
    }
    for id in [movement, unknown] {
        assert_eq!(shop.admin().get(format!("{PATH}/{id}")).await.expect(404).code(), "not_found");
    }
    let cursor = |shop: &Shop| {
        let page = shop.admin().get(PATH).query(&[("limit", "1")]);
        async { page.await.expect(200).json()["next_cursor"].as_str().unwrap().to_owned() }
    };
    let (ours, theirs) = (cursor(&shop).await, cursor(&globex).await);
    shop.admin().get(PATH).query(&[("cursor", &ours)]).await.expect(200);
    assert_eq!(shop.admin().get(PATH).query(&[("cursor", &theirs)]).await.expect(400).code(), "invalid_cursor");
}
