//! Tests a deployed stack of `infra/template.yaml` over its address: `tests/deployed/run`.
//!
//! Without an AWS account the stack is in the emulator `MiniStack`. It lacks these features:
//!
//! | missing feature | replacement |
//! |---|---|
//! | condition key `dynamodb:LeadingKeys` | added by `emulator.py`, so roles are enforced here |
//! | refusing what a role allows too much | `tests/api/template/policies.rs` |
//! | gateway responses of the template; unknown routes are 403 | `tests/api/template/answers.rs`, `infra/local` |
//! | throttling by table and gateway | `tests/api/stock/faults.rs`, `tests/api/limits` |
//! | TTL of a table of a template | `infra/local/src/table_definition.rs`; on AWS, this test |
//! | recovery of a table of a template | `checkov`; on AWS, this test |
//! | deletion of expired items | the product checks `expires_at`: `tests/api/conventions/idempotency.rs` |
//! | enforced rights of triggers, such as reading a queue | `tests/api/template/policies.rs` |
//! | gradual deployments, archives | ignored by `emulator.py`; `cfn-lint` checks their syntax |
//! | secrets without punctuation | added by `emulator.py` |
//! | alarms of several metrics | `emulator.py` uses the first metric; `tests/api/template/triggers.rs` |
//! | firing alarms | `tests/api/template/triggers.rs` lists the alarms |
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "this is a test: it prints its progress and panics at the first failure"
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

/// An organization with its users.
struct Organization {
    id: String,
    admin: Client,
    manager: Client,
    staff: Client,
    addresses: [String; 3],
}

/// A product with stock in a warehouse.
struct Goods {
    product: String,
    warehouse: String,
}

#[tokio::test]
#[ignore = "needs a deployed stack: tests/deployed/run deploys one"]
async fn deployed_stack_runs_the_product() {
    let stack = Stack::of_environment();
    let step = |what: &str| eprintln!("- {what}");

    step("health check, table and roles");
    stack.anonymous().get("/health-check").await.expect(200);
    check_table(&stack);
    if stack.is_ministack() {
        check_role(&stack).await;
    }

    step("sign-up, invitation and sign-in");
    let acme = sign_up(&stack, "acme").await;
    check_signing_keys(&stack, &acme);
    let globex = sign_up(&stack, "globex").await;
    exceed_sign_up_limit(&stack, &acme).await;

    step("stock movements and retries");
    let goods = stock(&acme).await;

    step("a purchase request and its mails");
    purchase(&stack, &acme, &goods).await;

    step("roles and tenants");
    refusals(&acme, &globex, &goods).await;

    step("a schedule and its low-stock mails");
    low_stock(&stack, &acme, &goods).await;

    step("an update of the stack keeps the data");
    update(&stack, &acme, &goods).await;

    step("no dead letters");
    for queue in ["cleanup-dead", "failed-calls", "low-stock-dead", "relay-failures", "weekly-report-dead"] {
        assert_eq!(stack.messages_in(queue), "0", "{queue}");
    }
}

fn check_table(stack: &Stack) {
    if stack.is_ministack() || !stack.is_emulated() {
        assert!(
            stack.refuses_unknown_credentials(),
            "the emulator accepts unknown credentials, so it enforces no role"
        );
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

/// A role allows only its own calls, and a function can make only the calls that its role allows. Only in an emulator
/// can the test assume the role of a function.
async fn check_role(stack: &Stack) {
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

    let table = role.remove_policy("table");
    assert!(
        !stack.anonymous().get("/health-check").await.is(200),
        "a function made a call that its role does not allow"
    );
    role.restore_policy("table", &table);
    stack.anonymous().get("/health-check").await.expect(200);
}

/// Functions that only verify tokens have no key to sign tokens or links.
fn check_signing_keys(stack: &Stack, acme: &Organization) {
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

/// Signs an organization up. Its manager gets a password. Its staff is invited and uses the link, if the mail is
/// readable.
async fn sign_up(stack: &Stack, name: &str) -> Organization {
    let subdomain = format!("{name}-{}", stack.run);
    let anonymous = stack.anonymous().with_tenant(&subdomain);
    let addresses = ["admin", "manager", "staff"].map(|role| stack.address(role, &subdomain));
    let [admin_address, manager_address, staff_address] = &addresses;
    let user = |email: &str, role: &str| json!({"email": email, "full_name": format!("The {role}"), "role": role});

    let admin = json!({"email": admin_address, "full_name": "The Admin", "password": PASSWORD});
    let body = json!({"name": name, "subdomain": subdomain, "admin": admin});
    let signed_up = anonymous.post("/api/v1/organizations", body).await.expect(201).json();
    let refused = anonymous.log_in(admin_address, "not the password").await.expect(401);
    assert_eq!(refused.json()["code"], "invalid_credentials");
    assert_eq!(refused.header("content-type"), "application/problem+json");
    let admin = anonymous.signed_in(admin_address, PASSWORD).await;

    if stack.is_ministack() {
        // Mail to other users requires a confirmed address.
        let text = stack.mail(admin_address, "Welcome to Stockroom").await;
        let token = text.split("confirm?token=").nth(1).unwrap().split_whitespace().next().unwrap();
        let confirm = json!({ "token": token });
        stack.anonymous().post("/api/v1/auth/email/confirm", confirm).await.expect(204);
    }
    let mut manager = user(manager_address, "MANAGER");
    manager["password"] = PASSWORD.into();
    admin.post("/api/v1/users", manager).await.expect(201);
    let mut staff = user(staff_address, "STAFF");
    if stack.is_ministack() {
        admin.post("/api/v1/users", staff).await.expect(201);
        let text = stack.mail(staff_address, "You are invited to").await;
        let token = text.split("reset?token=").nth(1).unwrap().split_whitespace().next().unwrap();
        let reset = json!({"token": token, "password": PASSWORD});
        anonymous.post("/api/v1/auth/password/reset", reset.clone()).await.expect(204);
        assert_eq!(
            anonymous.post("/api/v1/auth/password/reset", reset).await.expect(400).json()["code"],
            "invalid_token"
        );
    } else {
        staff["password"] = PASSWORD.into();
        admin.post("/api/v1/users", staff).await.expect(201);
    }
    let manager = anonymous.signed_in(manager_address, PASSWORD).await;
    let staff = anonymous.signed_in(staff_address, PASSWORD).await;
    assert_eq!(staff.get("/api/v1/users/me").await.expect(200).json()["role"], "STAFF");
    let id = signed_up["organization"]["id"].as_str().unwrap().to_owned();
    Organization { id, admin, manager, staff, addresses }
}

/// The limit is three sign-ups in an hour from one address.
async fn exceed_sign_up_limit(stack: &Stack, acme: &Organization) {
    let organization = acme.admin.get("/api/v1/organizations").await.expect(200).json()["items"][0].clone();
    let admin = json!({"email": "admin@example.com", "full_name": "The Admin", "password": PASSWORD});
    let taken = json!({"name": "Acme", "subdomain": organization["subdomain"], "admin": admin});
    let refused = stack.anonymous().post("/api/v1/organizations", taken.clone()).await.expect(409);
    assert_eq!(refused.json()["code"], "duplicate_subdomain");
    let refused = stack.anonymous().post("/api/v1/organizations", taken).await.expect(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
}

async fn stock(acme: &Organization) -> Goods {
    let product = json!({"sku": "CHAI", "name": "Chai", "min_stock_level": 5});
    let product = acme.manager.post("/api/v1/products", product).await.expect(201);
    let location = format!("/dev/api/v1/products/{}", product.id());
    assert_eq!(product.header("location"), location, "the location includes the stage");
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

async fn on_hand(organization: &Organization, goods: &Goods) -> i64 {
    let path = format!("/api/v1/stock-levels?product_id={}&warehouse_id={}", goods.product, goods.warehouse);
    organization.staff.get(&path).await.expect(200).json()["items"][0]["on_hand"].as_i64().unwrap()
}

async fn purchase(stack: &Stack, acme: &Organization, goods: &Goods) {
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
    let mails = [
        (admin, "PR-00001 waits for a decision"),
        (manager, "PR-00001 waits for a decision"),
        (staff, "PR-00001 was approved"),
        (staff, "PR-00001 has arrived"),
    ];
    for (to, subject) in mails.iter().filter(|_| stack.is_ministack()) {
        stack.mail(to, subject).await;
    }
    // Two of the submission, one each of approval and receipt, and the invitation.
    stack.sent_mails(&acme.id, 4 + usize::from(stack.is_ministack())).await;
}

async fn refusals(acme: &Organization, globex: &Organization, goods: &Goods) {
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

async fn low_stock(stack: &Stack, acme: &Organization, goods: &Goods) {
    acme.staff.post(MOVEMENTS, movement(goods, "OUT", 7)).await.expect(201);
    let low = acme.staff.get("/api/v1/stock-movements/low-stock").await.expect(200).json();
    assert_eq!((low["items"].as_array().unwrap().len(), &low["items"][0]["shortage"]), (1, &json!(1)));

    let sent = stack.sent_mails(&acme.id, 0).await;
    stack.fire("low-stock");
    stack.sent_mails(&acme.id, sent + 2).await;
    if stack.is_ministack() {
        for address in &acme.addresses[..2] {
            assert!(stack.mail(address, "1 level has fallen below its minimum").await.contains("CHAI"));
        }
    }
}

async fn update(stack: &Stack, acme: &Organization, goods: &Goods) {
    let before = stack.version_of("stock-movements");
    // Different in every run, so that an existing stack changes too.
    deploy(&[&format!("SettingsVersion={}", stack.run)]);
    assert!(stack.version_of("stock-movements") > before, "the deployment made no new version");
    assert_eq!(on_hand(acme, goods).await, 4);
    let moved = acme.staff.post(MOVEMENTS, movement(goods, "IN", 1)).await.expect(201).json();
    assert_eq!((&moved["balance_after"], &moved["sequence"]), (&json!(5), &json!(5)));
    acme.staff.get(&format!("{MOVEMENTS}/{}", moved["id"].as_str().unwrap())).await.expect(200);
}
