//! Lists: pages, orders, filters, and cursors that are valid for one list, one caller and one day.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use stockroom_harness::{Client, Reply, Shop, Stack};

use super::Furnished;

fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| item[member].as_str().unwrap().to_owned()).collect()
}

/// All items of a list, page by page. Body and header of each page name the next one.
async fn walk(client: &Client, path: &str, query: &[(&str, &str)]) -> Vec<Value> {
    let mut page = client.get(path).query(query).await.expect(200);
    let mut items = page.items();
    let limit = query.iter().find(|(name, _)| *name == "limit").map_or(20, |(_, limit)| limit.parse().unwrap());
    for _ in 0..200 {
        assert!(page.items().len() <= limit);
        let Some(cursor) = next(&page) else { return items };
        assert!(link(&page).is_some_and(|link| link.starts_with(path) && link.ends_with(&format!("cursor={cursor}"))));
        let linked = client.get(link(&page).unwrap()).await.expect(200);
        page = client.get(path).query(query).query(&[("cursor", &cursor)]).await.expect(200);
        assert_eq!(linked.items(), page.items());
        items.extend(page.items());
    }
    panic!("{path} has no end");
}

fn next(page: &Reply) -> Option<String> {
    let document = page.json();
    assert_eq!(document.as_object().unwrap().keys().collect::<Vec<_>>(), ["items", "next_cursor"]);
    assert_eq!(document["next_cursor"].is_null(), link(page).is_none());
    document["next_cursor"].as_str().map(str::to_owned)
}

fn link(page: &Reply) -> Option<&str> {
    let link = page.header("link")?;
    Some(link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap())
}

/// A shop with 25 resources of every kind, whose names are not in the order of creation.
async fn crowded() -> Shop {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let main = shop.warehouse("w-24").await;
    for n in 0..25 {
        let shuffled = n * 7 % 25;
        let name = format!("{}-{shuffled:02}", if n % 2 == 0 { "W" } else { "w" });
        let product = shop.product(&name).with("name", &*name).await;
        shop.supplier(&name).await;
        if shuffled != 24 {
            shop.warehouse(&name).await;
        }
        shop.receive(&product, &main, 1).await.expect(201);
    }
    shop
}

#[tokio::test]
async fn list_of_every_page_size_has_each_item_once_newest_first() {
    let shop = crowded().await;
    for path in ["products", "suppliers", "warehouses", "stock-movements"] {
        let path = format!("/api/v1/{path}");
        assert_eq!(shop.staff().get(&path).await.items().len(), 20);
        assert_eq!(shop.staff().get(&path).query(&[("limit", "100")]).await.items().len(), 25);
        let newest_first = walk(shop.staff(), &path, &[]).await;
        let times = texts(&newest_first, "created_at");
        assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
        for limit in ["7", "25"] {
            assert_eq!(walk(shop.staff(), &path, &[("limit", limit)]).await, newest_first, "{path}");
            assert_eq!(walk(shop.staff(), &path, &[("limit", limit), ("order", "desc")]).await, newest_first);
            let mut oldest_first = walk(shop.staff(), &path, &[("limit", limit), ("order", "asc")]).await;
            oldest_first.reverse();
            assert_eq!(oldest_first, newest_first, "{path}");
        }
        assert_eq!(texts(&newest_first, "id").into_iter().collect::<BTreeSet<_>>().len(), 25);
    }
    let levels = walk(shop.staff(), "/api/v1/stock-levels", &[("limit", "7")]).await;
    assert_eq!(texts(&levels, "product_id").into_iter().collect::<BTreeSet<_>>().len(), 25);
}

#[tokio::test]
async fn list_sorted_by_name_or_sku_ignores_case() {
    let shop = crowded().await;
    for (path, sort) in [("products", "name"), ("products", "sku"), ("suppliers", "name"), ("warehouses", "name")] {
        let path = format!("/api/v1/{path}");
        let sorted = walk(shop.staff(), &path, &[("sort", sort), ("limit", "7")]).await;
        let names: Vec<_> = texts(&sorted, sort).iter().map(|name| name.to_lowercase()).collect();
        let expected: Vec<_> = (0..25).map(|n| format!("w-{n:02}")).collect();
        assert_eq!(names, expected, "{path}");
        for (order, descending) in [("asc", false), ("desc", true)] {
            let mut again = walk(shop.staff(), &path, &[("sort", sort), ("order", order), ("limit", "10")]).await;
            if descending {
                again.reverse();
            }
            assert_eq!(again, sorted, "{path}");
        }
    }
}

#[tokio::test]
async fn list_sorted_by_name_has_every_item_of_an_equal_name() {
    let shop = Furnished::open().await;
    for n in 0..5 {
        shop.product(&format!("N-{n}")).with("name", if n % 2 == 0 { "Nut" } else { "NUT" }).await;
    }
    for order in ["asc", "desc"] {
        let query = [("sort", "name"), ("search", "nut"), ("order", order), ("limit", "1")];
        let found = walk(shop.staff(), "/api/v1/products", &query).await;
        assert_eq!(texts(&found, "id").into_iter().collect::<BTreeSet<_>>().len(), 5);
        assert_eq!(found.len(), 5);
    }
}

#[tokio::test]
async fn list_by_search_ignores_case_accents_and_width() {
    let shop = Furnished::open().await;
    for (name, sku, terms) in [
        ("İstanbul Çayı", "TR-1", &["istanbul", "ISTANBUL", "ıstanbul", "İSTANBUL", "cayi", "ÇAYI"][..]),
        ("Café Crème", "FR-1", &["cafe", "CAFÉ", "cafe\u{301}", "creme", "ＣＲＥＭＥ", "fr-1", "ｆｒ-１"]),
        ("Ｆｕｌｌ　Ｗｉｄｔｈ", "ＪＰ１", &["full width", "jp1", "ｆｕｌｌ"]),
        ("Straße ﬁne", "DE-1", &["STRASSE", "strasse", "straße", "fine"]),
        ("Łódź Øre", "PL-1", &["lodz", "ŁÓDŹ", "ore"]),
    ] {
        let id = shop.product(sku).with("name", name).await;
        for term in terms {
            for sort in ["created_at", "name", "sku"] {
                let query = [("search", *term), ("sort", sort)];
                let found = shop.staff().get("/api/v1/products").query(&query).await.expect(200);
                assert_eq!(texts(&found.items(), "id"), [&*id], "{term} by {sort}");
            }
        }
    }
    // No term spans the end of one text and the beginning of the next.
    for across in ["cremefr-1", "creme fr-1"] {
        assert!(shop.staff().get("/api/v1/products").query(&[("search", across)]).await.items().is_empty());
    }
    shop.supplier("Ægir Sjøfarts").await;
    for term in ["aegir", "SJOFARTS"] {
        assert_eq!(shop.staff().get("/api/v1/suppliers").query(&[("search", term)]).await.items().len(), 1, "{term}");
    }
}

#[tokio::test]
async fn list_with_a_filter_reaches_every_match() {
    let shop = crowded().await;
    for (query, count) in [([("search", "w-1")], 10), ([("search", "W-2")], 5), ([("search", "-")], 25)] {
        for sort in ["created_at", "name", "sku"] {
            for limit in ["4", "100"] {
                let query = [&query[..], &[("sort", sort), ("limit", limit)]].concat();
                assert_eq!(walk(shop.staff(), "/api/v1/products", &query).await.len(), count, "{query:?}");
            }
        }
    }
}

#[tokio::test]
async fn list_with_the_cursor_of_another_list_is_invalid_cursor() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    for n in 0..3 {
        shop.product(&format!("S-{n}")).with("category", "Things").await;
        shop.supplier("Same").await;
        globex.product(&format!("S-{n}")).await;
    }
    let path = "/api/v1/products";
    let asked = [("limit", "1"), ("category", "Things")];
    let cursor = next(&shop.staff().get(path).query(&asked).await.expect(200)).unwrap();
    let with = |client: &Client, path: &str, query: &[(&str, &str)]| {
        client.get(path).query(query).query(&[("cursor", &cursor)])
    };
    let again = shop.sign_in(shop.staff()).await;
    with(shop.staff(), path, &asked).await.expect(200);
    with(&again, path, &asked).await.expect(200);
    with(shop.staff(), path, &[("category", "Things"), ("limit", "100")]).await.expect(200);

    for (whose, request) in [
        ("another filter", with(shop.staff(), path, &[("category", "Other")])),
        ("no filter", with(shop.staff(), path, &[])),
        ("one filter more", with(shop.staff(), path, &[("category", "Things"), ("search", "S")])),
        ("another order", with(shop.staff(), path, &[("category", "Things"), ("order", "asc")])),
        ("another sort", with(shop.staff(), path, &[("category", "Things"), ("sort", "name")])),
        ("another list", with(shop.staff(), "/api/v1/suppliers", &[])),
        ("a colleague", with(shop.manager(), path, &asked)),
        ("a stranger", with(globex.staff(), path, &asked)),
    ] {
        assert_eq!(request.await.expect(400).code(), "invalid_cursor", "{whose}");
    }
}

#[tokio::test]
async fn list_with_a_changed_cursor_is_invalid_cursor() {
    let shop = crowded().await;
    let ask = |cursor: &str| shop.staff().get("/api/v1/suppliers").query(&[("cursor", cursor)]);
    let cursor = next(&shop.staff().get("/api/v1/suppliers").await).unwrap();
    ask(&cursor).await.expect(200);

    let mut touched: Vec<String> =
        ["", " ", "x", "AQ", "null", "é", "..", "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"].map(str::to_owned).into();
    touched.extend([
        format!("{cursor}A"),
        format!("{cursor}="),
        format!("A{cursor}"),
        cursor.repeat(2),
        cursor[1..].into(),
    ]);
    touched.extend((0..cursor.len()).rev().step_by(3).map(|at| {
        let other = if &cursor[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &cursor[..at], &cursor[at + 1..])
    }));
    touched.extend((0..cursor.len()).step_by(8).map(|end| cursor[..end].to_owned()));
    for cursor in touched {
        assert_eq!(ask(&cursor).await.expect(400).code(), "invalid_cursor", "{cursor}");
    }
    // Its content is unreadable.
    let id = &shop.staff().get("/api/v1/suppliers").await.items()[19]["id"];
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &cursor).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(id.as_str().unwrap()) && !text.contains("ORG#"), "{text}");
}

#[tokio::test]
async fn list_with_a_cursor_older_than_a_day_is_invalid_cursor() {
    let shop = Furnished::open().await;
    shop.supplier("Hooli").await;
    let clock = shop.stack().clock();
    clock.stop();
    let asked = [("limit", "1")];
    let cursor = next(&shop.staff().get("/api/v1/suppliers").query(&asked).await).unwrap();
    clock.advance(Duration::from_hours(24) - Duration::from_millis(1));
    let tomorrow = shop.sign_in(shop.staff()).await;
    let ask = || tomorrow.get("/api/v1/suppliers").query(&asked).query(&[("cursor", &cursor)]);
    ask().await.expect(200);
    clock.advance(Duration::from_millis(1));
    assert_eq!(ask().await.expect(400).code(), "invalid_cursor");
}

#[tokio::test]
async fn list_of_organizations_has_the_callers_own_only() {
    let shop = Furnished::open().await;
    let page = shop.staff().get("/api/v1/organizations").await.expect(200);
    assert_eq!((page.items().len(), next(&page)), (1, None));
    let shown = shop.staff().get(format!("/api/v1/organizations/{}", shop.shop.id)).await.expect(200).json();
    assert_eq!(page.items(), std::slice::from_ref(&shown));
    assert_eq!(
        (&shown["subdomain"], &shown["currency"], &shown["status"]),
        (&json!("acme"), &json!("USD"), &json!("ACTIVE"))
    );
}
