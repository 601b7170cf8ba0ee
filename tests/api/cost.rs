//! The cost of every operation at the table, warm and uncontended: sequential round trips, and capacity as the table
//! reports it. `cost.snap` has the figures, so that review sees an operation become dearer; `INSTA_UPDATE=always cargo
//! test -p stockroom-tests cost` writes them.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by a panic")]

mod accounts;

use std::{collections::BTreeSet, fmt::Write as _, time::Duration};

use serde_json::json;
use stockroom_domain::source::Clock as _;
use stockroom_harness::{PASSWORD, Person, Reply, Request, Shop, Stack};
use stockroom_local::functions;

/// Rows of the table, in the order in which they were measured.
#[derive(Default)]
pub(crate) struct Costs(Vec<Row>);

struct Row {
    operation: String,
    case: &'static str,
    round_trips: usize,
    read_halves: u64,
    write_halves: u64,
}

impl Costs {
    async fn measure(&mut self, operation: &str, case: &'static str, request: Request, status: u16) -> Reply {
        let reply = request.await.expect(status);
        let cost = reply.cost();
        self.0.push(Row {
            operation: operation.to_owned(),
            case,
            round_trips: cost.round_trips,
            read_halves: cost.read_halves,
            write_halves: cost.write_halves,
        });
        reply
    }

    fn table(&self) -> String {
        let mut table = format!("{:50} {:28} trips  reads writes\n", "operation", "case");
        for Row { operation, case, round_trips, read_halves, write_halves } in &self.0 {
            let units = |halves: &u64| format!("{}.{}", halves / 2, halves % 2 * 5);
            let (reads, writes) = (units(read_halves), units(write_halves));
            writeln!(table, "{operation:50} {case:28} {round_trips:5} {reads:>6} {writes:>6}").unwrap();
        }
        table
    }

    /// Fails unless the case is within the bar: round trips, read units, write units.
    fn bar(&self, operation: &str, case: &str, round_trips: usize, reads: u64, writes: u64) {
        let row = self.0.iter().find(|row| row.operation == operation && row.case == case);
        let row = row.unwrap_or_else(|| panic!("{operation} ({case}) was not measured"));
        let within = row.round_trips <= round_trips && row.read_halves <= reads * 2 && row.write_halves <= writes * 2;
        assert!(within, "{operation} ({case}) is over its bar\n{}", self.table());
    }
}

const MOVEMENTS: &str = "POST /api/v1/stock-movements";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cost_of_every_operation_equals_the_snapshot() {
    let stack = Stack::start().await;
    let shop = Shop::open(&stack, "acme").await;
    let costs = measure_all(&shop).await;

    insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("cost", costs.table());
    });

    let measured: BTreeSet<_> = costs.0.iter().map(|row| row.operation.clone()).collect();
    let tables = functions::tables();
    let known = tables.iter().flat_map(|(_, routes)| routes).map(|route| format!("{} {}", route.method, route.path));
    let missing: Vec<_> = known.filter(|operation| !measured.contains(operation)).collect();
    assert!(missing.is_empty(), "cost.snap has no row for {missing:?}");

    // The bars.
    costs.bar("GET /api/v1/users/me", "", 1, 3, 0);
    for kind in ["products", "suppliers", "warehouses"] {
        costs.bar(&format!("GET /api/v1/{kind}/{{id}}"), "", 1, 3, 0);
    }
    costs.bar("GET /api/v1/stock-movements/{id}", "", 1, 3, 0);
    costs.bar("GET /api/v1/products", "20 by age", 1, 6, 0);
    costs.bar("GET /api/v1/products", "20 by name", 1, 6, 0);
    costs.bar("GET /api/v1/products", "20 by SKU", 2, 100, 0);
    costs.bar("GET /api/v1/products", "one barcode", 2, 6, 0);
    costs.bar("GET /api/v1/stock-levels", "as of a past moment", 2, 100, 0);
    costs.bar("GET /api/v1/stock-movements/low-stock", "1 low", 2, 100, 0);
    costs.bar("GET /api/v1/audit-logs/{id}", "", 1, 3, 0);
    costs.bar("GET /api/v1/audit-logs", "20 newest", 1, 100, 0);
    costs.bar("GET /api/v1/events/{id}", "", 1, 3, 0);
    costs.bar("GET /api/v1/events", "20 of a feed", 1, 100, 0);
    costs.bar("POST /api/v1/auth/token", "", 2, 4, 12);
    costs.bar("POST /api/v1/auth/token", "under limits", 2, 4, 12);
    costs.bar("GET /api/v1/users/me", "under limits, a new lease", 1, 3, 2);
    costs.bar("GET /api/v1/users/me", "under limits", 1, 3, 0);
    costs.bar(MOVEMENTS, "OUT under limits", 2, 6, 6);
    costs.bar("POST /api/v1/products", "with a key", 2, 6, 12);
    costs.bar(MOVEMENTS, "OUT", 2, 6, 6);
    costs.bar(MOVEMENTS, "OUT with a key", 2, 6, 8);
    costs.bar(MOVEMENTS, "OUT that makes it low", 2, 6, 7);
    costs.bar("GET /api/v1/purchase-requests/{id}", "", 1, 3, 0);
    for case in ["of everybody", "one's own", "of a status"] {
        costs.bar("GET /api/v1/purchase-requests", case, 1, 100, 0);
    }
    for step in ["submit", "approve", "reject", "mark-ordered", "receive", "close", "cancel"] {
        costs.bar(&format!("POST /api/v1/purchase-requests/{{id}}/{step}"), "", 2, 100, 100);
    }
}

/// Sends every operation and records its cost.
pub(crate) async fn measure_all(shop: &Shop) -> Costs {
    let mut costs = Costs::default();
    accounts::measure_identity(&mut costs, shop).await;
    measure_catalogue(&mut costs, shop).await;
    measure_stock(&mut costs, shop).await;
    measure_purchasing(&mut costs, shop).await;
    accounts::measure_people(&mut costs, shop).await;
    accounts::measure_passwords(&mut costs, shop).await;
    measure_limits(&mut costs, shop).await;
    measure_log(&mut costs, shop).await;
    measure_minimum(&mut costs, shop).await;
    measure_past(&mut costs, shop).await;
    accounts::measure_organization(&mut costs, shop).await;
    costs
}

async fn measure_catalogue(costs: &mut Costs, shop: &Shop) {
    let (admin, manager, staff) = (shop.admin(), shop.manager(), shop.staff());
    for number in 0..25 {
        let product = shop.product(&format!("PAGE-{number:02}")).with("category", "Shelves");
        product.with("description", "One of many, to fill a page").await;
    }
    let scanned = shop.product("SCANNED").with("barcode", "4006381333931").await;
    let pages: [(&str, &[(&str, &str)]); 8] = [
        ("20 by age", &[]),
        ("20 by name", &[("sort", "name")]),
        ("20 by SKU", &[("sort", "sku")]),
        ("20 of a category", &[("category", "Shelves")]),
        ("a search", &[("search", "page-0")]),
        ("one SKU", &[("sku", "page-07")]),
        ("one barcode", &[("barcode", "4006381333931")]),
        ("one barcode by name", &[("barcode", "4006381333931"), ("sort", "name")]),
    ];
    for (case, query) in pages {
        let page = staff.get("/api/v1/products").query(query);
        costs.measure("GET /api/v1/products", case, page, 200).await;
    }

    let product = json!({"sku": "COST-1", "name": "A product", "category": "Shelves"});
    costs.measure("POST /api/v1/products", "", manager.post("/api/v1/products", product), 201).await;
    let product = json!({"sku": "COST-2", "name": "A product", "category": "Shelves"});
    let create = manager.post("/api/v1/products", product.clone()).key("cost");
    let id = costs.measure("POST /api/v1/products", "with a key", create.clone(), 201).await.id();
    costs.measure("POST /api/v1/products", "a replay", create, 201).await;
    let path = format!("/api/v1/products/{id}");
    costs.measure("GET /api/v1/products/{id}", "", staff.get(&path), 200).await;
    let with_levels = staff.get(&path).query(&[("include", "levels")]);
    costs.measure("GET /api/v1/products/{id}", "with levels", with_levels, 200).await;
    let mut renamed = product.clone();
    renamed["name"] = "Another name".into();
    costs.measure("PUT /api/v1/products/{id}", "", manager.put(&path, renamed), 200).await;
    costs
        .measure("PATCH /api/v1/products/{id}", "", manager.patch(&path, json!({"description": "One of a kind"})), 200)
        .await;
    let unit = manager.patch(&path, json!({"unit": "box"}));
    costs.measure("PATCH /api/v1/products/{id}", "another unit", unit, 200).await;
    let barcode = manager.patch(format!("/api/v1/products/{scanned}"), json!({"barcode": "40063813"}));
    costs.measure("PATCH /api/v1/products/{id}", "another barcode", barcode, 200).await;
    let resku = manager.patch(&path, json!({"sku": "COST-3"}));
    costs.measure("PATCH /api/v1/products/{id}", "another SKU", resku, 200).await;
    let minimum = manager.patch(&path, json!({"min_stock_level": 3}));
    costs.measure("PATCH /api/v1/products/{id}", "another minimum", minimum, 200).await;
    costs.measure("DELETE /api/v1/products/{id}", "", admin.delete(&path), 204).await;

    for (kind, body) in [
        ("suppliers", json!({"name": "A supplier", "lead_time_days": 3})),
        ("warehouses", json!({"name": "A warehouse", "location": "Back yard"})),
    ] {
        let path = format!("/api/v1/{kind}");
        let create = manager.post(&path, body.clone());
        let id = costs.measure(&format!("POST {path}"), "", create, 201).await.id();
        costs.measure(&format!("GET {path}"), "", staff.get(&path), 200).await;
        let (one, template) = (format!("{path}/{id}"), format!("{path}/{{id}}"));
        costs.measure(&format!("GET {template}"), "", staff.get(&one), 200).await;
        let mut other = body;
        other["name"] = "Another name".into();
        costs.measure(&format!("PUT {template}"), "", manager.put(&one, other), 200).await;
        let rename = manager.patch(&one, json!({"name": "A third name"}));
        costs.measure(&format!("PATCH {template}"), "", rename, 200).await;
        costs.measure(&format!("DELETE {template}"), "", admin.delete(&one), 204).await;
    }
}

async fn measure_stock(costs: &mut Costs, shop: &Shop) {
    let staff: &Person = shop.staff();
    let (product, main) = shop.stocked("STOCK-1", 100).await;
    let other = shop.warehouse("Other").await;
    shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": 50})).await.expect(200);
    shop.staff().transfer(&product, &main, &other, 1).await.expect(201);
    let before = shop.stack().clock().now().to_string();

    let fresh = shop.product("STOCK-2").await;
    costs.measure(MOVEMENTS, "the first in a place", staff.receive(&fresh, &main, 5), 201).await;
    let out = costs.measure(MOVEMENTS, "OUT", staff.take(&product, &main, 1), 201).await;
    let take = staff.take(&product, &main, 1).key("cost");
    costs.measure(MOVEMENTS, "OUT with a key", take.clone(), 201).await;
    costs.measure(MOVEMENTS, "a replay", take, 201).await;
    costs.measure(MOVEMENTS, "OUT that makes it low", staff.take(&product, &main, 50), 201).await;
    costs.measure(MOVEMENTS, "OUT of too much", staff.take(&product, &main, 500), 409).await;
    costs.measure(MOVEMENTS, "TRANSFER", staff.transfer(&product, &main, &other, 1), 201).await;
    costs.measure(MOVEMENTS, "COUNT", staff.record("COUNT", &product, &main, 40), 201).await;

    let one = staff.get(format!("/api/v1/stock-movements/{}", out.id()));
    costs.measure("GET /api/v1/stock-movements/{id}", "", one, 200).await;
    for _ in 0..30 {
        staff.receive(&fresh, &main, 1).await.expect(201);
    }
    let pages: [(&str, &[(&str, &str)]); 5] = [
        ("20 newest", &[]),
        ("of a product", &[("product_id", &fresh)]),
        ("in a warehouse", &[("warehouse_id", &main)]),
        ("of a product in a warehouse", &[("product_id", &fresh), ("warehouse_id", &main)]),
        ("of a type", &[("type", "OUT")]),
    ];
    for (case, query) in pages {
        let page = staff.get("/api/v1/stock-movements").query(query);
        costs.measure("GET /api/v1/stock-movements", case, page, 200).await;
    }
    let levels: [(&str, &[(&str, &str)]); 5] = [
        ("all", &[]),
        ("of a product", &[("product_id", &product)]),
        ("in a warehouse", &[("warehouse_id", &main)]),
        ("of a product in a warehouse", &[("product_id", &product), ("warehouse_id", &main)]),
        ("as of a past moment", &[("as_of", &before)]),
    ];
    for (case, query) in levels {
        let page = staff.get("/api/v1/stock-levels").query(query);
        costs.measure("GET /api/v1/stock-levels", case, page, 200).await;
    }
    let low = staff.get("/api/v1/stock-movements/low-stock");
    costs.measure("GET /api/v1/stock-movements/low-stock", "1 low", low, 200).await;
}

/// After all other cases that count levels and movements, so that these change none of their figures.
async fn measure_past(costs: &mut Costs, shop: &Shop) {
    let (product, main) = shop.stocked("PAST-1", 2).await;
    shop.take(&product, &main, 2).await.expect(201);
    let before = shop.stack().clock().now().to_string();
    let here = [("as_of", before.as_str()), ("warehouse_id", main.as_str())];
    let path = format!("/api/v1/products/{product}");
    shop.manager().patch(&path, json!({"name": "Renamed"})).await.expect(200);
    let page = shop.staff().get("/api/v1/stock-levels").query(&here);
    costs.measure("GET /api/v1/stock-levels", "before 1 was renamed", page.clone(), 200).await;
    shop.admin().delete(path).await.expect(204);
    costs.measure("GET /api/v1/stock-levels", "before 1 was deleted", page, 200).await;
}

/// Also after them.
async fn measure_minimum(costs: &mut Costs, shop: &Shop) {
    let (product, _) = shop.stocked("COST-4", 2).await;
    let raise = shop.manager().patch(format!("/api/v1/products/{product}"), json!({"min_stock_level": 3}));
    costs.measure("PATCH /api/v1/products/{id}", "a minimum above a level", raise, 200).await;
}

async fn measure_purchasing(costs: &mut Costs, shop: &Shop) {
    const REQUESTS: &str = "/api/v1/purchase-requests";
    let (manager, staff) = (shop.manager(), shop.staff());
    let (product, main) = shop.stocked("PR-1", 1).await;
    let other = shop.product("PR-2").await;
    let line = |product: &str| json!({"product_id": product, "quantity": 5, "warehouse_id": main});
    let body = |products: &[&String]| json!({"items": products.iter().map(|id| line(id)).collect::<Vec<_>>()});
    let create = staff.post(REQUESTS, body(&[&product]));
    costs.measure("POST /api/v1/purchase-requests", "1 line", create.clone(), 201).await;
    let with_key = create.key("cost");
    let id = costs.measure("POST /api/v1/purchase-requests", "1 line with a key", with_key, 201).await.id();
    let one = format!("{REQUESTS}/{id}");
    let get = "GET /api/v1/purchase-requests/{id}";
    costs.measure(get, "", staff.get(&one), 200).await;
    let replace = staff.put(&one, body(&[&other]));
    costs.measure("PUT /api/v1/purchase-requests/{id}", "another product", replace, 200).await;
    let notes = staff.patch(&one, json!({"notes": "Soon"}));
    costs.measure("PATCH /api/v1/purchase-requests/{id}", "", notes, 200).await;
    let mut priced = line(&other);
    priced["estimated_price"] = json!("2.50");
    let price = staff.patch(&one, json!({"items": [priced]}));
    costs.measure("PATCH /api/v1/purchase-requests/{id}", "a first price", price, 200).await;
    let priced = staff.post(REQUESTS, json!({"items": [priced]}));
    costs.measure("POST /api/v1/purchase-requests", "1 line with a price", priced, 201).await;
    costs.measure("DELETE /api/v1/purchase-requests/{id}", "", staff.delete(&one), 204).await;

    let mut drafts = Vec::new();
    for _ in 0..3 {
        drafts.push(shop.request(&product, 5, "DRAFT").await);
    }
    let ordered = shop.request(&product, 5, "ORDERED").await;
    costs.measure(&format!("POST {REQUESTS}/{{id}}/close"), "", shop.step(&ordered.id, "close"), 200).await;
    let step = |request: &str, step: &str| (format!("POST {REQUESTS}/{{id}}/{step}"), shop.step(request, step));
    for request in &drafts {
        let (operation, submit) = step(&request.id, "submit");
        if request.id == drafts[0].id {
            costs.measure(&operation, "", submit, 200).await;
        } else {
            submit.await.expect(200);
        }
    }
    for (request, name) in [(0, "approve"), (0, "mark-ordered"), (1, "reject"), (2, "cancel")] {
        let (operation, request) = step(&drafts[request].id, name);
        costs.measure(&operation, "", request, 200).await;
    }
    let operation = format!("POST {REQUESTS}/{{id}}/receive");
    costs.measure(&operation, "a part", shop.arrive(&drafts[0], &main, 2), 200).await;
    costs.measure(&operation, "", shop.arrive(&drafts[0], &main, 3), 200).await;
    let wanted = staff.post(REQUESTS, body(&[&product])).await.expect(201);
    for step in ["submit", "approve", "mark-ordered"] {
        shop.step(&wanted.id(), step).await.expect(200);
    }
    let lines = json!({"items": [{"item_id": wanted.json()["items"][0]["id"]}]});
    let receipt = manager.post(format!("{REQUESTS}/{}/receive", wanted.id()), lines);
    costs.measure(&operation, "into the line's warehouse", receipt, 200).await;

    for number in 0..20 {
        shop.request(&other, 1 + number, if number % 2 == 0 { "DRAFT" } else { "SUBMITTED" }).await;
    }
    let list = "GET /api/v1/purchase-requests";
    costs.measure(list, "of everybody", manager.get(REQUESTS), 200).await;
    costs.measure(list, "one's own", staff.get(REQUESTS), 200).await;
    let drafts = manager.get(REQUESTS).query(&[("status", "DRAFT")]);
    costs.measure(list, "of a status", drafts, 200).await;
}

/// All other cases run without limits. Under the default limits, the first request in ten seconds costs a write for
/// each limit.
async fn measure_limits(costs: &mut Costs, shop: &Shop) {
    let (product, main) = shop.stocked("LIMITS-1", 100).await;
    let names =
        ["REQUESTS", "TENANT", "ADDRESS", "LOGIN", "LOGIN_ADDRESS", "ONBOARDING"].map(|it| format!("LIMIT_{it}"));
    // An empty setting counts as unset.
    let usual: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    let stack = shop.stack().another_process_with(shop.stack().clock().clone(), &usual);
    let shop = shop.at(&stack);
    let (staff, anonymous) = (shop.staff(), shop.anonymous());

    for case in ["under limits, a new lease", "under limits"] {
        costs.measure("GET /api/v1/users/me", case, staff.get("/api/v1/users/me"), 200).await;
    }
    costs.measure(MOVEMENTS, "OUT under limits", staff.take(&product, &main, 1), 201).await;
    stack.clock().advance(Duration::from_secs(10));
    costs.measure(MOVEMENTS, "OUT under limits, new lease", staff.take(&product, &main, 1), 201).await;
    for case in ["under limits, a new lease", "under limits"] {
        costs.measure("POST /api/v1/auth/token", case, anonymous.log_in(&staff.email, PASSWORD), 200).await;
    }
    let new = json!({
        "name": "Initech", "subdomain": "initech",
        "admin": {"email": "admin@initech.example", "full_name": "The Admin", "password": PASSWORD},
    });
    let sign_up = anonymous.without_tenant().post("/api/v1/organizations", new);
    costs.measure("POST /api/v1/organizations", "under limits", sign_up, 201).await;
}

async fn measure_log(costs: &mut Costs, shop: &Shop) {
    let (admin, staff) = (shop.admin(), shop.staff());
    let product = shop.product("LOG-1").await;
    let newest = admin.get("/api/v1/audit-logs").query(&[("entity_id", &product)]).await.expect(200);
    let id = newest.items()[0]["id"].as_str().unwrap().to_owned();
    let one = admin.get(format!("/api/v1/audit-logs/{id}"));
    costs.measure("GET /api/v1/audit-logs/{id}", "", one, 200).await;
    let pages: [(&str, &[(&str, &str)]); 5] = [
        ("20 newest", &[]),
        ("of a product", &[("entity_id", &product)]),
        ("of an actor", &[("actor_id", &staff.id)]),
        ("of an action", &[("action", "DELETE")]),
        ("of an action of an actor", &[("actor_id", &staff.id), ("action", "LOGIN")]),
    ];
    for (case, query) in pages {
        costs.measure("GET /api/v1/audit-logs", case, admin.get("/api/v1/audit-logs").query(query), 200).await;
    }
    costs.measure("GET /api/v1/events/{id}", "", staff.get(format!("/api/v1/events/{id}")), 200).await;
    shop.stack().clock().advance(Duration::from_secs(30));
    let pages: [(&str, &[(&str, &str)]); 5] = [
        ("20 newest", &[]),
        ("20 of a feed", &[("after", "start")]),
        ("the end of a feed", &[("after", &id)]),
        ("of a type", &[("type", "product.deleted")]),
        ("stock that became low", &[("type", "stock.low")]),
    ];
    for (case, query) in pages {
        costs.measure("GET /api/v1/events", case, staff.get("/api/v1/events").query(query), 200).await;
    }
}
