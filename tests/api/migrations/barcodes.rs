//! Products that had a barcode before the product could list by it.

use serde_json::{Value, json};
use stockroom_harness::{Shop, Stack};
use stockroom_store::{MIGRATIONS_OF_THIS_PROGRAM, Migration, MigrationRun, Store};

use super::PACE;

fn by_barcode() -> &'static Migration {
    MIGRATIONS_OF_THIS_PROGRAM.iter().find(|migration| migration.id == "0005-find-products-by-barcode").unwrap()
}

async fn up(store: &Store, again: bool) -> Option<MigrationRun> {
    store.migrations().up(by_barcode(), again, PACE, |_| ()).await.unwrap()
}

fn of(stack: &Stack, kind: &str) -> Vec<Value> {
    let end = format!("#{kind}");
    stack.items().into_iter().filter(|item| item["pk"].as_str().unwrap().ends_with(&end)).collect()
}

/// Turns every product into one of the first version. Returns the products and pointers from before.
fn age(stack: &Stack) -> [Vec<Value>; 2] {
    let of_today = [of(stack, "PRODUCT"), of(stack, "BARCODE")];
    stack.rewrite(|item| {
        if !item["pk"]["S"].as_str().unwrap().ends_with("#PRODUCT") {
            return;
        }
        item["i2sk"]["S"] = item["i2sk"]["S"].as_str().unwrap().replace('\u{1}', "#").into();
        let search = item["data"]["M"]["search"]["S"].as_str().unwrap();
        let name_and_sku: Vec<&str> = search.split('\n').take(2).collect();
        item["data"]["M"]["search"]["S"] = name_and_sku.join("\n").into();
        item.as_object_mut().unwrap().remove("schema");
    });
    for pointer in &of_today[1] {
        stack.forget_partition(pointer["pk"].as_str().unwrap());
    }
    of_today
}

async fn shops(stack: &Stack) -> [Shop; 2] {
    let shops = [Shop::open(stack, "acme").await, Shop::open(stack, "globex").await];
    for shop in &shops {
        for number in 0..5 {
            shop.product(&format!("SKU-{number}")).with("barcode", format!("BAR-{}", number / 2)).await;
        }
        shop.product("BARE").await;
    }
    shops
}

async fn found(shop: &Shop, parameter: &str, text: &str) -> usize {
    shop.staff().get("/api/v1/products").query(&[(parameter, text)]).await.expect(200).items().len()
}

#[tokio::test]
async fn up_of_older_products_finds_them_by_barcode() {
    let stack = Stack::start().await;
    let [acme, globex] = shops(&stack).await;
    let of_today = age(&stack);
    assert_eq!((found(&acme, "barcode", "BAR-1").await, found(&acme, "search", "bar-1").await), (0, 0));

    let store = &stack.another_process().runtime().store.clone();
    let done = up(store, false).await.unwrap();
    assert_eq!((done.looked_at, done.changed, done.overtaken), (12, 12, 0));
    assert_eq!([of(&stack, "PRODUCT"), of(&stack, "BARCODE")], of_today);
    assert_eq!((found(&acme, "barcode", "BAR-1").await, found(&globex, "search", "bar-1").await), (2, 2));
    stack.check_invariants();

    // Missing pointers are added, and existing items stay unchanged.
    stack.forget_partition(of_today[1][0]["pk"].as_str().unwrap());
    let again = up(store, true).await.unwrap();
    assert_eq!((again.looked_at, again.changed), (12, 5));
    assert_eq!(up(store, true).await.unwrap().changed, 0);
    assert_eq!([of(&stack, "PRODUCT"), of(&stack, "BARCODE")], of_today);
}

#[tokio::test]
async fn up_during_changes_of_barcodes_keeps_every_change() {
    let stack = Stack::start_with_faults().await;
    let shop = Shop::open(&stack, "acme").await;
    let kept = shop.product("KEPT").with("barcode", "KEPT").await;
    let mut gone = shop.product("GONE-").with("barcode", "GONE").await;
    let mut overtaken = 0;
    for calls in 0.. {
        age(&stack);
        stack.forget_partition("MIGRATIONS");
        let process = stack.another_process();
        let held = stack.faults().hold_after(calls);
        let mut migration = tokio::spawn(async move { up(&process.runtime().store, false).await.unwrap() });
        let done = tokio::select! {
            () = held.arrived() => None,
            done = &mut migration => Some(done),
        };
        let is_last = done.is_some();
        if is_last {
            stack.faults().end();
        }
        let barcode = format!("KEPT-{calls}");
        shop.manager().patch(format!("/api/v1/products/{kept}"), json!({"barcode": barcode})).await.expect(200);
        shop.admin().delete(format!("/api/v1/products/{gone}")).await.expect(204);
        gone = shop.product(&format!("GONE-{calls}")).with("barcode", "GONE").await;
        drop(held);
        let run = match done {
            Some(done) => done,
            None => migration.await,
        };
        overtaken += run.unwrap().overtaken;
        stack.faults().end();
        assert_eq!(found(&shop, "barcode", &barcode).await, 1, "held at call {calls}");
        assert_eq!(found(&shop, "barcode", "GONE").await, 1, "held at call {calls}");
        stack.check_invariants();
        if is_last {
            break;
        }
    }
    assert!(overtaken > 0, "no write fell between a read of the migration and its write");
}
