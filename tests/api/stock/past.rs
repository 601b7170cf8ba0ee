//! Levels of a moment before a product or a warehouse was renamed or deleted.

use serde_json::{Value, json};
use stockroom_domain::source::Clock as _;
use stockroom_harness::{Request, Shop, Stack};

use super::support::walk;

const LEVELS: &str = "/api/v1/stock-levels";

/// A time after all past changes, and before all later ones.
fn now(shop: &Shop) -> String {
    shop.stack().clock().now().to_string()
}

fn as_of(shop: &Shop, moment: &str) -> Request {
    shop.staff().get(LEVELS).query(&[("as_of", moment)])
}

/// SKU, product, unit, warehouse and quantity of every level.
async fn shown(list: Request) -> Vec<String> {
    let levels = walk(list, 2).await;
    let text = |level: &Value, name: &str| level[name].as_str().unwrap().to_owned();
    let line = |level: &Value| {
        let [sku, product, unit, place] =
            ["sku", "product_name", "unit", "warehouse_name"].map(|name| text(level, name));
        format!("{sku} {product}: {} {unit} in {place}", level["on_hand"])
    };
    let mut lines: Vec<String> = levels.iter().map(line).collect();
    lines.sort();
    lines
}

async fn delete(shop: &Shop, kind: &str, id: &str) {
    shop.admin().delete(format!("/api/v1/{kind}/{id}")).await.expect(204);
}

async fn rename(shop: &Shop, kind: &str, id: &str, change: Value) {
    shop.manager().patch(format!("/api/v1/{kind}/{id}"), change).await.expect(200);
}

#[tokio::test]
async fn levels_as_of_before_a_delete_have_stock_and_names_of_that_moment() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let rice = shop.product("RICE").with("name", "Rice").with("unit", "kg").await;
    let beans = shop.product("BEANS").with("name", "Beans").await;
    let (main, annex) = (shop.warehouse("Main").await, shop.warehouse("Annex").await);
    shop.receive(&rice, &main, 5).await.expect(201);
    shop.receive(&rice, &annex, 2).await.expect(201);
    shop.receive(&beans, &annex, 3).await.expect(201);
    let full = now(&shop);
    let all_then = ["BEANS Beans: 3 each in Annex", "RICE Rice: 2 kg in Annex", "RICE Rice: 5 kg in Main"];
    for (product, place, quantity) in [(&rice, &main, 5), (&rice, &annex, 2), (&beans, &annex, 3)] {
        shop.take(product, place, quantity).await.expect(201);
    }
    let empty = now(&shop);
    delete(&shop, "warehouses", &annex).await;
    let without_annex = now(&shop);
    delete(&shop, "products", &rice).await;
    let without_rice = now(&shop);

    assert_eq!(shown(as_of(&shop, &full)).await, all_then);
    let emptied = ["BEANS Beans: 0 each in Annex", "RICE Rice: 0 kg in Annex", "RICE Rice: 0 kg in Main"];
    assert_eq!(shown(as_of(&shop, &empty)).await, emptied);
    assert_eq!(shown(as_of(&shop, &without_annex)).await, ["RICE Rice: 0 kg in Main"]);
    assert_eq!(shown(as_of(&shop, &without_rice)).await, [""; 0]);
    assert_eq!(shown(shop.staff().get(LEVELS)).await, [""; 0]);

    // Its id finds it in the past alone.
    for (filter, at_full) in [
        (vec![("product_id", &rice)], &all_then[1..]),
        (vec![("warehouse_id", &annex)], &all_then[..2]),
        (vec![("product_id", &rice), ("warehouse_id", &annex)], &all_then[1..2]),
    ] {
        let filter: Vec<_> = filter.iter().map(|(name, id)| (*name, id.as_str())).collect();
        assert_eq!(shown(as_of(&shop, &full).query(&filter)).await, at_full, "{filter:?}");
        assert_eq!(shown(as_of(&shop, &without_rice).query(&filter)).await, [""; 0], "{filter:?}");
        assert_eq!(shown(shop.staff().get(LEVELS).query(&filter)).await, [""; 0], "{filter:?}");
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn levels_as_of_the_moment_of_a_delete_omit_the_deleted() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("RICE", 1).await;
    shop.take(&product, &main, 1).await.expect(201);
    delete(&shop, "products", &product).await;
    let entry = shop.admin().get("/api/v1/audit-logs").query(&[("entity_id", &product)]).await.expect(200).items();
    let deleted_at = entry[0]["created_at"].as_str().unwrap();
    assert_eq!(entry[0]["action"], "DELETE");
    assert_eq!(shown(as_of(&shop, deleted_at)).await, [""; 0]);
    let millis = deleted_at.parse::<stockroom_domain::time::Timestamp>().unwrap().unix_millis() - 1;
    let before = stockroom_domain::time::Timestamp::from_unix_millis(millis.try_into().unwrap()).unwrap();
    assert_eq!(shown(as_of(&shop, &before.to_string())).await, ["RICE Product RICE: 0 each in Main"]);
}

#[tokio::test]
async fn levels_as_of_a_moment_have_its_names() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("A").with("name", "Name A").await;
    let main = shop.warehouse("First").await;
    shop.receive(&product, &main, 5).await.expect(201);
    let mut moments = vec![(now(&shop), "A Name A: 5 each in First")];
    rename(&shop, "products", &product, json!({"sku": "B"})).await;
    moments.push((now(&shop), "B Name A: 5 each in First"));
    rename(&shop, "products", &product, json!({"name": "Name B"})).await;
    rename(&shop, "warehouses", &main, json!({"name": "Second"})).await;
    moments.push((now(&shop), "B Name B: 5 each in Second"));
    rename(&shop, "products", &product, json!({"description": "Nothing that a level shows", "min_stock_level": 1}))
        .await;
    shop.take(&product, &main, 5).await.expect(201);
    moments.push((now(&shop), "B Name B: 0 each in Second"));
    rename(&shop, "products", &product, json!({"name": "Name A", "sku": "A"})).await;
    moments.push((now(&shop), "A Name A: 0 each in Second"));
    for round in 0..2 {
        for (moment, expected) in &moments {
            assert_eq!(shown(as_of(&shop, moment)).await, [*expected], "{moment}");
        }
        // The same once both are gone.
        if round == 0 {
            delete(&shop, "products", &product).await;
            delete(&shop, "warehouses", &main).await;
        }
    }
    // A later product and SKU of that name do not affect it.
    let (_, later) = shop.stocked("A", 9).await;
    assert_eq!(shown(as_of(&shop, &moments[0].0)).await, [moments[0].1]);
    assert_ne!(later, main);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn levels_as_of_before_many_changes_have_the_names_of_that_moment() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("RICE", 1).await;
    shop.take(&product, &main, 1).await.expect(201);
    let before = now(&shop);
    for number in 0..40 {
        rename(&shop, "products", &product, json!({"description": format!("Number {number}")})).await;
    }
    assert_eq!(shown(as_of(&shop, &before)).await, ["RICE Product RICE: 0 each in Main"]);
    delete(&shop, "products", &product).await;
    assert_eq!(shown(as_of(&shop, &before)).await, ["RICE Product RICE: 0 each in Main"]);
    let page = as_of(&shop, &before).await.expect(200);
    assert!(page.cost().round_trips <= 3 && page.cost().read_halves <= 100, "{:?}", page.cost());
}

#[tokio::test]
async fn levels_as_of_before_a_delete_are_hidden_from_other_organizations() {
    let stack = Stack::start().await;
    let (acme, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let (product, main) = acme.stocked("RICE", 1).await;
    let moment = now(&acme);
    acme.take(&product, &main, 1).await.expect(201);
    delete(&acme, "products", &product).await;
    delete(&acme, "warehouses", &main).await;
    assert_eq!(shown(as_of(&acme, &moment)).await.len(), 1);
    for filter in [vec![], vec![("product_id", &*product)], vec![("warehouse_id", &*main)]] {
        assert_eq!(shown(as_of(&globex, &moment).query(&filter)).await, [""; 0]);
    }
    let both = [("product_id", product.as_str()), ("warehouse_id", main.as_str())];
    assert_eq!(shown(as_of(&globex, &moment).query(&both)).await, [""; 0]);
}

#[tokio::test]
async fn lists_of_the_present_omit_deleted_products_and_warehouses() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let product = shop.product("RICE").with("min_stock_level", 5).await;
    let main = shop.warehouse("Main").await;
    shop.receive(&product, &main, 1).await.expect(201);
    shop.take(&product, &main, 1).await.expect(201);
    let low = || shop.staff().get("/api/v1/stock-movements/low-stock");
    assert_eq!(low().await.expect(200).items().len(), 1);
    delete(&shop, "products", &product).await;
    assert_eq!(low().await.expect(200).items(), Vec::<Value>::new());
    assert_eq!(shown(shop.staff().get(LEVELS)).await, [""; 0]);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn as_of_finds_a_name_that_changed_after_many_other_changes() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (product, main) = shop.stocked("RICE", 1).await;
    let before = now(&shop);
    for number in 0..110 {
        rename(&shop, "products", &product, json!({"description": format!("Number {number}")})).await;
    }
    rename(&shop, "products", &product, json!({"name": "Later", "sku": "LATER"})).await;
    rename(&shop, "warehouses", &main, json!({"name": "Later"})).await;
    assert_eq!(shown(as_of(&shop, &before)).await, ["RICE Product RICE: 1 each in Main"]);
}

#[tokio::test]
async fn as_of_with_a_time_of_iso_8601_alone_is_invalid_format() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    for moment in [
        "2026-11-23T02Z",
        "2026-11-23T02:57Z",
        "2026-11-23T02:57:00,5Z",
        "2026-11-23T02:57:00+01",
        "2026-11-23 02:57:00Z",
    ] {
        assert_eq!(as_of(&shop, moment).await.expect(422).faults(), ["as_of invalid_format"], "{moment}");
    }
    as_of(&shop, "2026-11-23t02:57:00.5+01:00").await.expect(200);
}
