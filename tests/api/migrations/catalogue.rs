//! Products, suppliers and warehouses of the first version: `#` ended a name in the order by name, and searches kept
//! accents.

use serde_json::{Value, json};
use stockroom_domain::text::fold;
use stockroom_harness::{Shop, Stack};
use stockroom_store::{MIGRATIONS_OF_THIS_PROGRAM, Migration, MigrationRun, Store};

use super::PACE;

const KINDS: [(&str, &str); 3] = [("#PRODUCT", "products"), ("#SUPPLIER", "suppliers"), ("#WAREHOUSE", "warehouses")];
/// In the order that a list by name has.
const NAMES: [&str; 7] = ["Café", "Main", "MAIN", "Main  2", "Main 2", "Main#1", "Mainz"];

fn migration() -> &'static Migration {
    MIGRATIONS_OF_THIS_PROGRAM.iter().find(|migration| migration.id == "0003-sort-and-search-catalogue").unwrap()
}

async fn up(store: &Store) -> MigrationRun {
    store.migrations().up(migration(), true, PACE, |_| ()).await.unwrap().unwrap()
}

fn catalogue(stack: &Stack) -> Vec<Value> {
    let is_of_catalogue = |item: &Value| KINDS.iter().any(|(kind, _)| item["pk"].as_str().unwrap().ends_with(kind));
    stack.items().into_iter().filter(is_of_catalogue).collect()
}

/// Turns the resources that `which` selects into ones of the first version.
fn age(stack: &Stack, which: impl Fn(&str) -> bool) {
    stack.rewrite(|item| {
        let is_of_catalogue = KINDS.iter().any(|(kind, _)| item["pk"]["S"].as_str().unwrap().ends_with(kind));
        if !is_of_catalogue || !which(item["data"]["M"]["name"]["S"].as_str().unwrap()) {
            return;
        }
        item["i2sk"]["S"] = item["i2sk"]["S"].as_str().unwrap().replace('\u{1}', "#").into();
        let texts = ["name", "sku"].map(|name| item["data"]["M"][name]["S"].as_str().map(fold));
        item["data"]["M"]["search"]["S"] = texts.into_iter().flatten().collect::<Vec<_>>().join("\n").into();
        item.as_object_mut().unwrap().remove("schema");
    });
}

async fn shop() -> Shop {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    for (number, name) in NAMES.iter().enumerate() {
        shop.product(&format!("S-{number}")).with("name", *name).await;
        shop.supplier(name).await;
        shop.warehouse(name).await;
    }
    shop
}

/// The names of a list, page by page, after a cursor.
async fn names(shop: &Shop, collection: &str, order: &str, limit: &str, mut cursor: Option<String>) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..40 {
        let request = shop.staff().get(format!("/api/v1/{collection}"));
        let request = request.query(&[("sort", "name"), ("order", order), ("limit", limit)]);
        let request = match &cursor {
            Some(cursor) => request.query(&[("cursor", cursor)]),
            None => request,
        };
        let reply = request.await.expect(200);
        names.extend(reply.items().iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        cursor = reply.json()["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return names;
        }
    }
    panic!("the list has no end: {names:?}");
}

async fn found(shop: &Shop, collection: &str, text: &str) -> usize {
    shop.staff().get(format!("/api/v1/{collection}")).query(&[("search", text)]).await.expect(200).items().len()
}

#[tokio::test]
async fn up_of_an_older_catalogue_sorts_a_prefix_first() {
    let shop = shop().await;
    let of_today = catalogue(shop.stack());
    age(shop.stack(), |_| true);
    assert_eq!((found(&shop, "products", "cafe").await, found(&shop, "products", "CAFÉ").await), (0, 0));
    let first_pages: Vec<_> = {
        let mut cursors = Vec::new();
        for (_, collection) in KINDS {
            let query = [("sort", "name"), ("order", "asc"), ("limit", "1")];
            let page = shop.staff().get(format!("/api/v1/{collection}")).query(&query).await.expect(200);
            cursors.push((collection, page.json()["next_cursor"].as_str().unwrap().to_owned()));
        }
        cursors
    };

    let done = up(&shop.stack().runtime().store).await;
    assert_eq!((done.looked_at, done.changed), (21, 21));
    assert_eq!(catalogue(shop.stack()), of_today);
    assert_eq!(up(&shop.stack().runtime().store).await.changed, 0);

    for (_, collection) in KINDS {
        for limit in ["1", "3", "100"] {
            assert_eq!(names(&shop, collection, "asc", limit, None).await, NAMES, "{collection} by {limit}");
            let mut listed = names(&shop, collection, "desc", limit, None).await;
            listed.reverse();
            assert_eq!(listed, NAMES, "{collection} by {limit}, descending");
        }
        assert_eq!(found(&shop, collection, "cafe").await, 1);
    }
    // A cursor from before leads on.
    for (collection, cursor) in first_pages {
        assert_eq!(names(&shop, collection, "asc", "2", Some(cursor)).await, NAMES[1..], "{collection}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_by_name_during_a_migration_has_every_item_once() {
    let shop = shop().await;
    let mut sorted = NAMES.map(str::to_owned).to_vec();
    sorted.sort();
    for old in 0..(1_u32 << NAMES.len()) {
        // All states in which an interrupted migration can leave them; a test uses some of them.
        if old % 11 != 0 {
            continue;
        }
        let is_old = |name: &str| NAMES.iter().position(|known| *known == name).is_some_and(|at| old & (1 << at) != 0);
        age(shop.stack(), is_old);
        for order in ["asc", "desc"] {
            let mut listed = names(&shop, "suppliers", order, "1", None).await;
            listed.sort();
            assert_eq!(listed, sorted, "{old:b} {order}");
        }
        up(&shop.stack().runtime().store).await;
    }
}

#[tokio::test]
async fn patch_of_an_older_item_stores_the_current_version() {
    let shop = shop().await;
    age(shop.stack(), |_| true);
    for (_, collection) in KINDS {
        let listed = shop.staff().get(format!("/api/v1/{collection}")).query(&[("sort", "name")]).await.items();
        let cafe = listed.iter().find(|item| item["name"] == "Café").unwrap()["id"].as_str().unwrap();
        shop.manager().patch(format!("/api/v1/{collection}/{cafe}"), json!({"name": "Café Ōsaka"})).await.expect(200);
        assert_eq!(found(&shop, collection, "cafe osaka").await, 1, "{collection}");
    }
    let is_today = |item: &Value| item["schema"] == 2 && item["i2sk"].as_str().unwrap().contains('\u{1}');
    let renamed: Vec<_> =
        catalogue(shop.stack()).into_iter().filter(|item| item["data"]["name"] == "Café Ōsaka").collect();
    assert!(renamed.len() == 3 && renamed.iter().all(is_today), "{renamed:?}");
}
