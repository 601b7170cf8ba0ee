//! A stack made of `infra/template.yaml`, driven as its users and operators do: `tests/deployed/run`.
//!
//! Where there is no account, `MiniStack` plays AWS. Its shortfalls, and where they are made up for:
//!
//! | what it cannot do | where it is looked at instead |
//! |---|---|
//! | know `dynamodb:LeadingKeys`, by which every role allows | `emulator.py` tells it, and every role is enforced, as is shown here. That none allows too much: `tests/api/template/policies.rs` |
//! | the gateway's own answers: it takes none from the template, and says 403 where there is no route | `tests/api/template/answers.rs`; `infra/local` answers alike |
//! | throttle, at the table or at the gateway | `tests/api/stock/faults.rs`, `tests/api/limits` |
//! | switch on expiry and recovery of a table that it makes from a template | `infra/local/src/table.rs` makes its table with the template's expiry; `checkov` asks for recovery. On AWS: here |
//! | so delete what has expired | the product checks `expires_at` itself: `tests/api/conventions/idempotency.rs` |
//! | refuse what its own parts do, such as reading a queue for a function | `tests/api/template/policies.rs`: what each trigger needs |
//! | shift a deployment bit by bit, and roll it back; keep an archive; generate secrets without punctuation | `emulator.py` takes the first two as given and sees to the third; `cfn-lint` reads them |
//! | make an alarm of several metrics | `emulator.py` tells it of the first one; `tests/api/template/triggers.rs` |
//! | raise alarms: it counts nothing | `tests/api/template/triggers.rs`: which there are |
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "this is a test: it says how far it came, and what is not as expected ends it there"
)]

mod client;
mod stack;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use client::Client;
use stack::{Stack, aws, deploy};

const PASSWORD: &str = "tidy shelves and full bins";
const MOVEMENTS: &str = "/api/v1/stock-movements";
const REQUESTS: &str = "/api/v1/purchase-requests";

/// A company, and who is who in it.
struct Company {
    id: String,
    admin: Client,
    manager: Client,
    staff: Client,
    addresses: [String; 3],
}

/// What lies where.
struct Goods {
    product: String,
    warehouse: String,
}

#[tokio::test]
#[ignore = "needs a deployed stack: tests/deployed/run makes one"]
async fn a_deployed_stack_does_what_it_is_for() {
    let stack = Stack::of_environment();
    let step = |what: &str| eprintln!("- {what}");

    step("it is well, and keeps what it should");
    stack.visitor().get("/health-check").await.expect(200);
    keeps_what_it_should(&stack);
    if stack.is_ministack() {
        keeps_to_its_role(&stack).await;
    }

    step("companies sign up, people are invited and sign in");
    let acme = company(&stack, "acme").await;
    only_auth_signs(&stack, &acme);
    let globex = company(&stack, "globex").await;
    third_sign_up(&stack, &acme).await;

    step("stock moves, once however often it is asked for");
    let goods = stock(&acme).await;

    step("a purchase request goes its way, and people are told");
    purchase(&stack, &acme, &goods).await;

    step("roles and tenants are kept apart");
    refusals(&acme, &globex, &goods).await;

    step("a schedule fires, and tells of low stock");
    low_stock(&stack, &acme, &goods).await;

    step("an update of the stack loses nothing");
    update(&stack, &acme, &goods).await;

    step("nothing came to nothing");
    for queue in ["cleanup-dead", "failed-calls", "low-stock-dead", "relay-failures", "weekly-report-dead"] {
        assert_eq!(stack.waiting_in(queue), "0", "{queue}");
    }
}

fn keeps_what_it_should(stack: &Stack) {
    if stack.is_ministack() || !stack.is_emulated() {
        assert!(stack.refuses_strangers(), "whoever comes is let in: no role is enforced");
    }
    let table = aws(&["dynamodb", "describe-table", "--table-name", &stack.table]);
    assert_eq!(table["Table"]["StreamSpecification"]["StreamViewType"], "NEW_AND_OLD_IMAGES");
    if stack.is_emulated() {
        return;
    }
    let expiry = aws(&["dynamodb", "describe-time-to-live", "--table-name", &stack.table]);
    assert_eq!(expiry["TimeToLiveDescription"], json!({"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}));
    let backups = aws(&["dynamodb", "describe-continuous-backups", "--table-name", &stack.table]);
    let recovery = &backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"];
    assert_eq!(recovery["PointInTimeRecoveryStatus"], "ENABLED");
}

/// A role allows what it names and nothing else, and a function does what its role allows and nothing else. Only in an
/// emulator can somebody take a function's role.
async fn keeps_to_its_role(stack: &Stack) {
    let role = stack.role("DocsRole");
    let foreign = format!("ORG#{}#USER", "0".repeat(36));
    let key = |partition: &str| json!({"pk": {"S": partition}, "sk": {"S": "any"}});
    let reads = |partition: &str| {
        let key = key(partition).to_string();
        role.allows(&["dynamodb", "get-item", "--table-name", &stack.table, "--key", &key])
    };
    assert_eq!((reads("PING"), reads(&foreign)), (true, false));
    let get = |partition: &str| json!({"Get": {"TableName": stack.table, "Key": key(partition)}});
    let reads =
        |parts: &Value| role.allows(&["dynamodb", "transact-get-items", "--transact-items", &parts.to_string()]);
    assert!(reads(&json!([get("PING")])));
    assert!(!reads(&json!([get("PING"), get(&foreign)])));

    let table = role.take_away("table");
    assert!(!stack.visitor().get("/health-check").await.is(200), "a function does what its role does not allow");
    role.give_back("table", &table);
    stack.visitor().get("/health-check").await.expect(200);
}

/// Whoever verifies tokens has nothing to sign one with, nor a link that sets a password.
fn only_auth_signs(stack: &Stack, acme: &Company) {
    let header = acme.admin.token().split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap();
    assert_eq!(header["alg"], "EdDSA");
    let has = |function: &str, setting: &str| {
        let name = format!("{}-{function}", stack.name);
        let settings = aws(&["lambda", "get-function-configuration", "--function-name", &name]);
        settings["Environment"]["Variables"].get(setting).is_some()
    };
    let keys = ["TOKEN_PRIVATE_KEY", "SECRET_KEY", "TOKEN_PUBLIC_KEYS"];
    for (function, given) in [
        ("auth", [true, true, true]),
        ("notifications", [false, true, true]),
        ("products", [false, false, true]),
        ("weekly-report", [false, false, true]),
    ] {
        assert_eq!(keys.map(|key| has(function, key)), given, "{function}");
    }
}

/// Signs a company up. Its manager is given a password, its staff is invited and follows the mail, where that can be read.
async fn company(stack: &Stack, name: &str) -> Company {
    let subdomain = format!("{name}-{}", stack.run);
    let visitor = stack.visitor().with_tenant(&subdomain);
    let addresses = ["admin", "manager", "staff"].map(|role| stack.address(role, &subdomain));
    let [admin_address, manager_address, staff_address] = &addresses;
    let person = |email: &str, role: &str| json!({"email": email, "full_name": format!("The {role}"), "role": role});

    let admin = json!({"email": admin_address, "full_name": "The Admin", "password": PASSWORD});
    let founding = json!({"name": name, "subdomain": subdomain, "admin": admin});
    let founded = visitor.post("/api/v1/organizations", founding).await.expect(201).json();
    let refused = visitor.log_in(admin_address, "not the password").await.expect(401);
    assert_eq!(refused.json()["code"], "invalid_credentials");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let admin = visitor.signed_in(admin_address, PASSWORD).await;

    if stack.is_ministack() {
        // Until the address is confirmed, no one else gets mail.
        let text = stack.mail(admin_address, "Welcome to Stockroom").await;
        let token = text.split("confirm?token=").nth(1).unwrap().split_whitespace().next().unwrap();
        let confirm = json!({ "token": token });
        stack.visitor().post("/api/v1/auth/email/confirm", confirm).await.expect(204);
    }
    let mut manager = person(manager_address, "MANAGER");
    manager["password"] = PASSWORD.into();
    admin.post("/api/v1/users", manager).await.expect(201);
    let mut staff = person(staff_address, "STAFF");
    if stack.is_ministack() {
        admin.post("/api/v1/users", staff).await.expect(201);
        let text = stack.mail(staff_address, "You are invited to").await;
        let token = text.split("reset?token=").nth(1).unwrap().split_whitespace().next().unwrap();
        let reset = json!({"token": token, "password": PASSWORD});
        visitor.post("/api/v1/auth/password/reset", reset.clone()).await.expect(204);
        assert_eq!(
            visitor.post("/api/v1/auth/password/reset", reset).await.expect(400).json()["code"],
            "invalid_token"
        );
    } else {
        staff["password"] = PASSWORD.into();
        admin.post("/api/v1/users", staff).await.expect(201);
    }
    let manager = visitor.signed_in(manager_address, PASSWORD).await;
    let staff = visitor.signed_in(staff_address, PASSWORD).await;
    assert_eq!(staff.get("/api/v1/users/me").await.expect(200).json()["role"], "STAFF");
    let id = founded["organization"]["id"].as_str().unwrap().to_owned();
    Company { id, admin, manager, staff, addresses }
}

/// An address may sign up three companies in an hour.
async fn third_sign_up(stack: &Stack, acme: &Company) {
    let organization = acme.admin.get("/api/v1/organizations").await.expect(200).json()["items"][0].clone();
    let admin = json!({"email": "admin@example.com", "full_name": "The Admin", "password": PASSWORD});
    let taken = json!({"name": "Acme", "subdomain": organization["subdomain"], "admin": admin});
    let refused = stack.visitor().post("/api/v1/organizations", taken.clone()).await.expect(409);
    assert_eq!(refused.json()["code"], "duplicate_subdomain");
    let refused = stack.visitor().post("/api/v1/organizations", taken).await.expect(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
}

async fn stock(acme: &Company) -> Goods {
    let product = json!({"sku": "CHAI", "name": "Chai", "min_stock_level": 5});
    let product = acme.manager.post("/api/v1/products", product).await.expect(201);
    let location = format!("/dev/api/v1/products/{}", product.id());
    assert_eq!(product.header("location"), location, "the stage is part of where it is");
    let product = product.id();
    let warehouse = acme.manager.post("/api/v1/warehouses", json!({"name": "Main", "location": "Here"})).await;
    let goods = Goods { product, warehouse: warehouse.expect(201).id() };

    acme.staff.post(MOVEMENTS, movement(&goods, "IN", 12)).await.expect(201);
    let first = acme.staff.keyed("once", MOVEMENTS, movement(&goods, "OUT", 4)).await.expect(201);
    let again = acme.staff.keyed("once", MOVEMENTS, movement(&goods, "OUT", 4)).await.expect(201);
    assert_eq!((again.body(), again.header("idempotency-replayed")), (first.body(), "true"));
    let refused = acme.staff.post(MOVEMENTS, movement(&goods, "OUT", 100)).await.expect(409).json();
    assert_eq!((&refused["code"], &refused["available"]), (&json!("insufficient_stock"), &json!(8)));
    assert_eq!(on_hand(acme, &goods).await, 8);
    goods
}

fn movement(goods: &Goods, kind: &str, quantity: i64) -> Value {
    json!({"type": kind, "product_id": goods.product, "warehouse_id": goods.warehouse, "quantity": quantity})
}

async fn on_hand(company: &Company, goods: &Goods) -> i64 {
    let path = format!("/api/v1/stock-levels?product_id={}&warehouse_id={}", goods.product, goods.warehouse);
    company.staff.get(&path).await.expect(200).json()["items"][0]["on_hand"].as_i64().unwrap()
}

async fn purchase(stack: &Stack, acme: &Company, goods: &Goods) {
    let lines = json!({"items": [{"product_id": goods.product, "quantity": 3, "estimated_price": "18.00"}]});
    let draft = acme.staff.post(REQUESTS, lines).await.expect(201);
    let (item, request) = (draft.json()["items"][0]["id"].clone(), format!("{REQUESTS}/{}", draft.id()));
    let step = |step: &str| format!("{request}/{step}");
    acme.staff.post(&step("submit"), json!({})).await.expect(200);
    assert_eq!(acme.staff.post(&step("approve"), json!({})).await.expect(403).json()["code"], "forbidden");
    acme.manager.post(&step("approve"), json!({})).await.expect(200);
    let again = acme.manager.post(&step("approve"), json!({})).await.expect(409).json();
    assert_eq!(again["code"], "invalid_transition");
    acme.manager.post(&step("mark-ordered"), json!({})).await.expect(200);
    let receipt = json!({"items": [{"item_id": item, "warehouse_id": goods.warehouse}]});
    assert_eq!(acme.manager.post(&step("receive"), receipt).await.expect(200).json()["status"], "RECEIVED");
    assert_eq!(on_hand(acme, goods).await, 11);

    let [admin, manager, staff] = &acme.addresses;
    let told = [
        (admin, "PR-00001 waits for a decision"),
        (manager, "PR-00001 waits for a decision"),
        (staff, "PR-00001 was approved"),
        (staff, "PR-00001 has arrived"),
    ];
    for (to, subject) in told.iter().filter(|_| stack.is_ministack()) {
        stack.mail(to, subject).await;
    }
    // Two of the submission, one each of approval and receipt, and the invitation.
    stack.claims(&acme.id, 4 + usize::from(stack.is_ministack())).await;
}

async fn refusals(acme: &Company, globex: &Company, goods: &Goods) {
    let path = format!("/api/v1/products/{}", goods.product);
    assert_eq!(acme.staff.patch(&path, json!({"name": "Tea"})).await.expect(403).json()["code"], "forbidden");
    assert_eq!(acme.manager.delete(&path).await.expect(403).json()["code"], "forbidden");
    acme.admin.get("/api/v1/audit-logs?limit=1").await.expect(200);
    acme.manager.get("/api/v1/audit-logs?limit=1").await.expect(403);
    acme.admin.without_token().get(&path).await.expect(401);

    globex.admin.get(&path).await.expect(404);
    let foreign = globex.staff.post(MOVEMENTS, movement(goods, "IN", 1)).await.expect(422).json();
    assert_eq!(foreign["errors"][0]["code"], "unknown_reference");
    assert_eq!(globex.admin.get("/api/v1/products").await.expect(200).json()["items"], json!([]));
    let elsewhere = acme.admin.with_tenant("globex").get(&path).await.expect(403).json();
    assert_eq!(elsewhere["code"], "tenant_mismatch");
    let events = acme.staff.get("/api/v1/events?type=stock.moved").await.expect(200).json();
    assert_eq!(events["items"].as_array().unwrap().len(), 3);
}

async fn low_stock(stack: &Stack, acme: &Company, goods: &Goods) {
    acme.staff.post(MOVEMENTS, movement(goods, "OUT", 7)).await.expect(201);
    let low = acme.staff.get("/api/v1/stock-movements/low-stock").await.expect(200).json();
    assert_eq!((low["items"].as_array().unwrap().len(), &low["items"][0]["shortage"]), (1, &json!(1)));

    let claims = stack.claims(&acme.id, 0).await;
    stack.fire("low-stock");
    stack.claims(&acme.id, claims + 2).await;
    if stack.is_ministack() {
        for address in &acme.addresses[..2] {
            assert!(stack.mail(address, "1 level has fallen below its minimum").await.contains("CHAI"));
        }
    }
}

async fn update(stack: &Stack, acme: &Company, goods: &Goods) {
    let before = stack.version_of("stock-movements");
    // Another in every run, so that a stack that was there before changes, too.
    deploy(&[&format!("SettingsVersion={}", stack.run)]);
    assert!(stack.version_of("stock-movements") > before, "the deployment made no new version");
    assert_eq!(on_hand(acme, goods).await, 4);
    let moved = acme.staff.post(MOVEMENTS, movement(goods, "IN", 1)).await.expect(201).json();
    assert_eq!((&moved["balance_after"], &moved["sequence"]), (&json!(5), &json!(5)));
    acme.staff.get(&format!("{MOVEMENTS}/{}", moved["id"].as_str().unwrap())).await.expect(200);
}
