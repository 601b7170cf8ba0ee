//! Sizes: every answer of a function stays below 5 MiB.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use stockroom_api::Access;
use stockroom_domain::source::Clock as _;
use stockroom_harness::{Client, Reply, Shop, Stack};

use super::{Furnished, is_page, operations};
use crate::stock::support::walk;

const MIB: usize = 1024 * 1024;
const REQUESTS: &str = "/api/v1/purchase-requests";
/// The files of `/docs/{file}`.
const FILES: [&str; 4] = ["redoc.standalone.js", "start.js", "swagger-ui-bundle.js", "swagger-ui.css"];

/// The size of an answer as the gateway receives it: the body is a text within JSON there.
fn size(reply: &Reply) -> usize {
    let headers: Vec<_> =
        reply.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let body = std::str::from_utf8(reply.bytes()).unwrap();
    json!({"statusCode": reply.status(), "multiValueHeaders": headers, "body": body}).to_string().len()
}

/// Forty products whose names are as large as a name becomes on its way, and the lines that ask for them.
async fn products_of_quotation_marks(shop: &Shop) -> Vec<Value> {
    let mut lines = Vec::new();
    for n in 0..40 {
        let name = format!("{n:02}{}", "\"".repeat(198));
        let product = shop.product(&format!("S-{n}")).with("name", name).await;
        lines.push(json!({"product_id": product, "quantity": 1}));
    }
    lines
}

#[tokio::test]
async fn list_of_large_audit_entries_ends_below_five_mebibytes() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let mut lines = products_of_quotation_marks(&shop).await;
    let request = shop.manager().post(REQUESTS, json!({"items": lines})).await.expect(201).id();
    for quantity in 2..82 {
        for line in &mut lines {
            line["quantity"] = json!(quantity);
        }
        let edit = shop.manager().patch(format!("{REQUESTS}/{request}"), json!({"items": lines}));
        edit.await.expect(200);
    }

    // One query of the table ends at 1 MB; several that are merged do not.
    for (path, query, is_merged) in [
        ("/api/v1/audit-logs", &[][..], true),
        ("/api/v1/audit-logs", &[("entity_id", &*request)], false),
        ("/api/v1/audit-logs", &[("order", "asc"), ("actor_id", &*shop.manager().id)], false),
        ("/api/v1/events", &[], true),
        ("/api/v1/events", &[("type", "purchase_request.updated"), ("order", "asc")], true),
    ] {
        let list = shop.admin().get(path).query(query);
        let page = list.clone().query(&[("limit", "100")]).await.expect(200);
        assert!(size(&page) <= 5 * MIB, "{path} {query:?}: {}", size(&page));
        assert!(size(&page) > 4 * MIB || !is_merged, "{path} {query:?}: {}", size(&page));
        assert!(page.items().len() < 80 && !page.json()["next_cursor"].is_null());

        let walked = ids(&walk(list.clone(), 100).await);
        assert_eq!(walked, ids(&walk(list, 10).await), "{path} {query:?}");
        assert_eq!(walked.iter().collect::<BTreeSet<_>>().len(), walked.len());
        assert!(walked.len() >= 80, "{path} {query:?}: {}", walked.len());
    }
}

fn ids(items: &[Value]) -> Vec<String> {
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Every list, with filters that each lead to another order or place of the table. `{thing}` stands for an id.
const LISTS: [(&str, &[&str]); 12] = [
    ("/api/v1/audit-logs", &["", "order=asc", "entity_id={product}", "actor_id={manager}", "entity=Product"]),
    ("/api/v1/events", &["", "order=asc", "after=start", "type=product.created", "type=stock.low"]),
    ("/api/v1/organizations", &[""]),
    (
        "/api/v1/products",
        &[
            "",
            "order=asc",
            "sort=name",
            "sort=sku",
            "sort=sku&order=desc",
            "search=product",
            "sort=sku&search=product",
            "category=Shelves",
            "sku=S-1",
            "barcode=400",
            "barcode=400&sort=name",
            "barcode=400&sort=sku&order=desc",
        ],
    ),
    ("/api/v1/purchase-requests", &["", "order=asc", "status=DRAFT", "created_by={staff}"]),
    (
        "/api/v1/stock-levels",
        &[
            "",
            "product_id={product}",
            "warehouse_id={warehouse}",
            "product_id={product}&warehouse_id={warehouse}",
            "as_of={moment}",
        ],
    ),
    (
        "/api/v1/stock-movements",
        &[
            "",
            "order=asc",
            "product_id={product}",
            "warehouse_id={warehouse}",
            "product_id={product}&warehouse_id={warehouse}&order=asc",
            "type=IN",
        ],
    ),
    ("/api/v1/stock-movements/low-stock", &[""]),
    ("/api/v1/suppliers", &["", "sort=name", "search=s"]),
    ("/api/v1/users", &["", "order=asc", "role=STAFF", "search=the"]),
    ("/api/v1/users/me/sessions", &["", "order=asc"]),
    ("/api/v1/warehouses", &["", "sort=name&order=desc", "search=w"]),
];

/// A shop with at least three of everything that is listed, one of them in several places.
async fn stocked() -> (Shop, impl Fn(&str) -> String) {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let (mut products, mut warehouses) = (Vec::new(), Vec::new());
    for n in 0..4 {
        let product = shop
            .product(&format!("S-{n}"))
            .with("category", "Shelves")
            .with("min_stock_level", 9)
            .with("barcode", "400");
        products.push(product.await);
        warehouses.push(shop.warehouse(&format!("W-{n}")).await);
        shop.supplier(&format!("S-{n}")).await;
        shop.hire(&format!("staff-{n}"), "STAFF").await;
        shop.sign_in(shop.admin()).await;
    }
    for (n, product) in products.iter().enumerate() {
        for warehouse in [&warehouses[0], &warehouses[n]] {
            // Below the minimum, so that it is also an event.
            shop.receive(product, warehouse, 10).await.expect(201);
            shop.take(product, warehouse, 5).await.expect(201);
        }
        shop.receive(&products[0], &warehouses[n], 1).await.expect(201);
        shop.request(product, 5, "DRAFT").await;
    }
    shop.manager()
        .patch(format!("/api/v1/products/{}", products[0]), json!({"description": "First"}))
        .await
        .expect(200);
    let moment = shop.staff().get("/api/v1/stock-movements").await.items()[0]["created_at"].clone();
    // The feed ends some seconds ago.
    let now = shop.stack().clock().now();
    shop.stack().clock().set(now.plus(std::time::Duration::from_mins(1)));
    let names = [
        ("{product}", products[0].clone()),
        ("{warehouse}", warehouses[0].clone()),
        ("{manager}", shop.manager().id.clone()),
        ("{staff}", shop.staff().id.clone()),
        ("{moment}", moment.as_str().unwrap().to_owned()),
    ];
    (shop, move |query: &str| names.iter().fold(query.to_owned(), |query, (name, id)| query.replace(name, id)))
}

#[tokio::test]
async fn list_cut_by_size_continues_with_the_next_item() {
    let (shop, filled) = stocked().await;
    for (path, queries) in LISTS {
        for query in queries {
            let address = format!("{path}?{}", filled(query));
            let whole = walk(shop.admin().get(&address), 100).await;
            let sizes: Vec<_> = whole.iter().map(|item| within_json(item) + 1).collect();
            for room in [1, 3 * sizes.iter().max().unwrap_or(&1)] {
                let settings = [("MAX_PAGE_BYTES", &*room.to_string())];
                let process = shop.stack().another_process_with(shop.stack().clock().clone(), &settings);
                let small = shop.at(&process);
                let (walked, pages) = pages_of(small.admin(), &address).await;
                assert_eq!(walked, whole, "{address} in pages of {room} bytes");
                for page in &pages {
                    let size: usize = page.iter().map(|item| within_json(item) + 1).sum();
                    assert!(page.len() <= 1 || size <= room + 1, "{address}: {size} bytes in a page of {room}");
                }
                if room == 1 {
                    assert!(pages.iter().all(|page| page.len() <= 1), "{address}");
                } else {
                    assert!(whole.len() <= 3 || pages.iter().any(|page| page.len() >= 3), "{address}");
                }
            }
            let is_of_one =
                path == "/api/v1/organizations" || query.contains("sku=") || query.matches("_id=").count() == 2;
            assert!(whole.len() >= 2 || is_of_one, "{address} lists {}", whole.len());
        }
    }
}

/// The size of an item in a body that is a text within JSON.
fn within_json(item: &Value) -> usize {
    json!(item.to_string()).to_string().len() - 2
}

/// All pages of a list, and all their items.
async fn pages_of(client: &Client, address: &str) -> (Vec<Value>, Vec<Vec<Value>>) {
    let mut page = client.get(format!("{address}&limit=100")).await.expect(200);
    let mut pages = vec![page.items()];
    for _ in 0..500 {
        let next = page.json()["next_cursor"].take();
        let Some(cursor) = next.as_str() else { return (pages.concat(), pages) };
        page = client.get(format!("{address}&limit=100&cursor={cursor}")).await.expect(200);
        pages.push(page.items());
    }
    panic!("{address} has no end");
}

#[tokio::test]
async fn every_list_of_the_route_tables_has_a_size_case() {
    let shop = Furnished::open().await;
    let mut lists = BTreeSet::new();
    for route in operations().filter(|route| route.method == Method::GET && !is_page(route)) {
        if shop.boss().get(shop.path(route.path)).await.expect(200).json()["items"].is_array()
            && !route.path.contains("{id}")
        {
            lists.insert(route.path);
        }
    }
    assert_eq!(BTreeSet::from(LISTS.map(|(path, _)| path)), lists, "say how the list is cut");
}

#[tokio::test]
async fn get_of_the_largest_purchase_request_fits_into_an_answer() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let mut lines = Vec::new();
    let (supplier, warehouse) = (shop.supplier(&"\"".repeat(200)).await, shop.warehouse(&"\"".repeat(200)).await);
    for n in 0..40 {
        let sku = format!("{}{n:02}", "\"".repeat(62));
        let product = shop.product(&sku).with("name", "\"".repeat(200)).with("description", "\"".repeat(2000)).await;
        lines.push(json!({
            "product_id": product, "quantity": 123_456_789_012_345_u64, "estimated_price": "12345678901.2345",
            "supplier_id": supplier, "warehouse_id": warehouse,
        }));
    }
    let notes = "\"".repeat(2000);
    let request = shop.manager().post(REQUESTS, json!({"notes": notes, "items": lines})).await.expect(201).id();
    let path = format!("{REQUESTS}/{request}");
    for line in &mut lines {
        line["quantity"] = json!(123_456_789_012_344_u64);
    }
    shop.manager().patch(&path, json!({"notes": notes.replace('"', "\\"), "items": lines})).await.expect(200);
    shop.step(&request, "submit").await.expect(200);
    let rejection = json!({"rejection_reason": "\"".repeat(1000)});
    let rejected = shop.manager().post(format!("{path}/reject"), rejection).await.expect(200);
    assert!(size(&rejected) < MIB, "{}", size(&rejected));
    assert!(size(&shop.staff().get(&path).await) < MIB);

    let entries = walk(shop.admin().get("/api/v1/audit-logs").query(&[("entity_id", &request)]), 100).await;
    assert_eq!(entries.len(), 4);
    for id in ids(&entries) {
        for log in ["audit-logs", "events"] {
            let entry = shop.admin().get(format!("/api/v1/{log}/{id}")).await.expect(200);
            assert!(size(&entry) < MIB, "{log}: {}", size(&entry));
        }
    }
}

#[tokio::test]
async fn problem_with_the_longest_names_and_most_errors_is_small() {
    let shop = Shop::open(&Stack::start().await, "acme").await;
    let longest = MIB - 100;
    let form = "application/x-www-form-urlencoded";
    let many =
        |name: &str| (0..100).map(|n| format!("\"{n:03}{}\":1", name.repeat(1_000))).collect::<Vec<_>>().join(",");
    for (body, content_type) in [
        (format!("{{\"{}\":1}}", "~".repeat(longest)), "application/json"),
        (format!("{{\"{}\":1}}", "\\\"".repeat(longest / 2)), "application/json"),
        (format!("{{\"{}\":1}}", "\\u0001".repeat(longest / 6)), "application/json"),
        (format!("{{{}}}", many("\\u0001")), "application/json"),
        (format!("{{\"email\":[{}]}}", vec!["{}"; longest / 3].join(",")), "application/json"),
        (format!("{}=1", "\u{1}".repeat(longest)), form),
        ((0..100).map(|n| format!("{n:03}{}=1", "\u{1}".repeat(10_000))).collect::<Vec<_>>().join("&"), form),
    ] {
        let login = shop.anonymous().request(Method::POST, "/api/v1/auth/token");
        let reply = login.raw_body(body, content_type).await;
        assert!(reply.status() < 500 && size(&reply) < MIB, "{}: {}", reply.status(), size(&reply));
    }
    let query = format!("x{}=1", "%01".repeat(2_000));
    let reply = shop.admin().get(format!("/api/v1/products?{query}")).await.expect(422);
    let [fault] = &reply.faults()[..] else { panic!("{reply:?}") };
    assert!(fault.starts_with("x\u{1}") && fault.ends_with("… unknown_parameter") && fault.chars().count() < 400);
}

#[tokio::test]
async fn get_of_every_documentation_file_fits_into_an_answer() {
    let shop = Furnished::open().await;
    for route in operations().filter(|route| route.method == Method::GET && route.access == Access::Public) {
        let files = if route.path.contains("{file}") { FILES.to_vec() } else { vec![""] };
        for file in files {
            let reply = shop.anonymous().get(route.path.replace("{file}", file)).await.expect(200);
            assert!(size(&reply) <= 5 * MIB, "{} {file}: {}", route.path, size(&reply));
        }
    }
}
