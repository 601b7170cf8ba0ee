//! Organizations with the same data under the same names, and a table that can be restored.

use std::{collections::BTreeMap, fs, ops::Index};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use stockroom_domain::access::Role;
use stockroom_harness::{Client, PASSWORD, Person, Reply, Shop, Stack};
use stockroom_runtime::Purpose;
use tempfile::TempDir;

/// The address of a user in every organization, each with another password.
pub(super) const EVERYWHERE: &str = "pat@example.com";

/// The password of [`EVERYWHERE`] in one of them.
pub(super) fn password_at(shop: &Shop) -> String {
    format!("canary-pat-works-at-{}", shop.subdomain)
}

/// The ids of an organization that a request can name.
#[derive(Debug, Clone)]
pub(super) struct Things {
    pub(super) subdomain: String,
    /// When the first movement was recorded; there were others.
    pub(super) moment: String,
    ids: BTreeMap<&'static str, String>,
}

impl Things {
    /// Fills a shop. Two of them differ in their ids, times, subdomain and the addresses that come from it.
    async fn of(shop: &Shop) -> Self {
        let pat = json!({"email": EVERYWHERE, "full_name": "Pat", "role": "STAFF", "password": password_at(shop)});
        let user = shop.admin().post("/api/v1/users", pat).await.expect(201).id();
        let product = shop.product("SKU-1").with("category", "Shelves").with("min_stock_level", 100).await;
        let warehouse = shop.warehouse("Main").await;
        let to_warehouse = shop.warehouse("Annex").await;
        let first = shop.receive(&product, &warehouse, 10).with("reference", "PO-1").await.expect(201);
        shop.receive(&product, &to_warehouse, 10).await.expect(201);
        shop.take(&product, &warehouse, 1).await.expect(201);
        let unstocked = shop.product("SKU-2").with("category", "Shelves").await;
        let supplier = shop.supplier("Nuts and Bolts").await;
        shop.supplier("Bolts and Nuts").await;
        let [draft, submitted, approved, ordered] = [
            shop.request(&product, 5, "DRAFT").await,
            shop.request(&product, 5, "SUBMITTED").await,
            shop.request(&product, 5, "APPROVED").await,
            shop.request(&product, 5, "ORDERED").await,
        ];
        let ids = [
            ("draft", draft.id),
            ("submitted", submitted.id),
            ("approved", approved.id),
            ("ordered", ordered.id),
            ("item", ordered.item),
        ];
        let entries = shop.admin().get("/api/v1/audit-logs").query(&[("entity_id", &product)]).await.expect(200);
        let low = shop.admin().get("/api/v1/events").query(&[("type", "stock.low")]).await.expect(200);
        let newest = |page: &Reply| page.items()[0]["id"].as_str().unwrap().to_owned();
        let others = [
            ("entry", newest(&entries)),
            ("low", newest(&low)),
            ("organization", shop.id.clone()),
            ("user", user),
            ("staff", shop.staff().id.clone()),
            ("product", product),
            ("unstocked", unstocked),
            ("warehouse", warehouse),
            ("to_warehouse", to_warehouse),
            ("empty_warehouse", shop.warehouse("Spare").await),
            ("supplier", supplier),
            ("movement", first.id()),
            ("session", session(shop.admin())),
        ];
        let moment = first.json()["created_at"].as_str().unwrap().to_owned();
        let ids = ids.into_iter().chain(others).collect();
        Self { subdomain: shop.subdomain.clone(), moment, ids }
    }

    /// The same with another id under this name.
    pub(super) fn with(&self, name: &'static str, id: impl Into<String>) -> Self {
        let mut things = self.clone();
        things.ids.insert(name, id.into());
        things
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.ids.keys().copied()
    }

    /// The same members with ids that never existed.
    pub(super) fn that_never_were(&self) -> Self {
        let never = |id: &String| {
            let (time, random) = id.split_at(24);
            format!("{time}{}", random.chars().rev().collect::<String>())
        };
        let ids: BTreeMap<_, _> = self.ids.iter().map(|(name, id)| (*name, never(id))).collect();
        assert!(ids.values().all(|id| !self.ids.values().any(|other| other == id)));
        Self { ids, ..self.clone() }
    }

    /// The ids that an answer mentions.
    pub(super) fn mentioned_in(&self, answer: &[u8]) -> Vec<&'static str> {
        let answer = String::from_utf8_lossy(answer);
        self.ids.iter().filter(|(_, id)| answer.contains(id.as_str())).map(|(name, _)| *name).collect()
    }
}

impl Index<&str> for Things {
    type Output = String;

    fn index(&self, name: &str) -> &String {
        &self.ids[name]
    }
}

/// The caller's standing, independent of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Unknown, or no longer valid.
    Unknown,
    /// A user of the organization that the request is about.
    Member(Role),
    /// The admin of another organization.
    Outsider,
}

/// A caller, with all data that the requests need.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: &'static str,
    pub(super) standing: Standing,
    pub(super) client: Client,
    pub(super) email: String,
    pub(super) refresh_token: String,
    /// The token of a link that was mailed to the caller.
    pub(super) reset_token: String,
    /// The token of the link that confirms the organization.
    pub(super) confirm_token: String,
    /// The ids that the requests name.
    pub(super) things: Things,
}

impl Caller {
    pub(super) fn new(name: &'static str, standing: Standing, person: &Person, things: &Things) -> Self {
        // Sessions belong to one user, not to colleagues.
        let things = match standing {
            Standing::Outsider => things.clone(),
            Standing::Unknown | Standing::Member(_) => things.with("session", session(person)),
        };
        let organization = organization_of(person);
        Self {
            name,
            standing,
            confirm_token: person.stack().link_token(Purpose::Welcome, &organization, &person.id, 0),
            reset_token: person.stack().link_token(Purpose::PasswordReset, &organization, &person.id, 0),
            client: Client::clone(person),
            email: person.email.clone(),
            refresh_token: person.refresh_token.clone(),
            things,
        }
    }

    /// The same caller with other requests.
    pub(super) fn asking_for(&self, things: Things) -> Self {
        Self { things, ..self.clone() }
    }
}

/// The organization that a token names.
fn organization_of(person: &Person) -> String {
    let claims = URL_SAFE_NO_PAD.decode(person.token().split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["org"].as_str().unwrap().to_owned()
}

/// Two organizations with equal data, in one table.
#[derive(Debug)]
pub(super) struct World {
    pub(super) stack: Stack,
    pub(super) acme: Shop,
    pub(super) globex: Shop,
    pub(super) ours: Things,
    pub(super) theirs: Things,
    /// The saved state of the table.
    directory: TempDir,
    /// Its items at that time by key, without acme's own.
    of_others: BTreeMap<String, Value>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::on(Stack::start().await).await
    }

    pub(super) async fn on(stack: Stack) -> Self {
        let (acme, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
        for person in [&acme, &globex].into_iter().flat_map(|shop| [shop.admin(), shop.manager(), shop.staff()]) {
            let wanted = format!("wanted-{}", person.email);
            let wanted = json!({"email": wanted, "current_password": PASSWORD});
            person.patch("/api/v1/users/me", wanted).await.expect(200);
        }
        let (ours, theirs) = (Things::of(&acme).await, Things::of(&globex).await);
        let directory = tempfile::tempdir().unwrap();
        let mut world = Self { stack, acme, globex, ours, theirs, directory, of_others: BTreeMap::new() };
        world.begin();
        world
    }

    /// Saves the table's present state for later restores.
    fn begin(&mut self) {
        let file = self.file();
        if fs::exists(&file).unwrap() {
            fs::remove_file(&file).unwrap();
        }
        self.stack.database().vacuum_into(&file).unwrap();
        self.of_others = self.items().filter(|(key, _)| !is_of(&self.acme, key)).collect();
    }

    fn file(&self) -> String {
        self.directory.path().join("beginning").to_str().unwrap().to_owned()
    }

    /// Restores the saved state of the table, with its sessions and deleted items.
    pub(super) fn put_back(&self) {
        self.stack.database().restore_from(&self.file()).unwrap();
    }

    fn items(&self) -> impl Iterator<Item = (String, Value)> {
        let key = |item: &Value| format!("{} {}", item["pk"].as_str().unwrap(), item["sk"].as_str().unwrap());
        self.stack.items().into_iter().map(move |item| (key(&item), item))
    }

    /// The keys of items outside acme that were changed, deleted, or added to globex.
    pub(super) fn trespasses(&self) -> Vec<String> {
        let now: BTreeMap<_, _> = self.items().collect();
        let changed = self.of_others.iter().filter(|(key, item)| now.get(*key) != Some(*item));
        let is_theirs =
            |key: &str, item: &Value| is_of(&self.globex, key) || item.to_string().contains(&self.globex.id);
        let added = now.iter().filter(|(key, item)| !self.of_others.contains_key(*key) && is_theirs(key, item));
        changed.chain(added).map(|(key, _)| key.clone()).collect()
    }

    /// Acme's own users.
    pub(super) fn members(&self) -> [Caller; 3] {
        let member = |name, role, person| Caller::new(name, Standing::Member(role), person, &self.ours);
        [
            member("staff", Role::Staff, self.acme.staff()),
            member("manager", Role::Manager, self.acme.manager()),
            member("admin", Role::Admin, self.acme.admin()),
        ]
    }

    pub(super) fn admin(&self) -> Caller {
        let [_, _, admin] = self.members();
        admin
    }

    pub(super) fn anonymous(&self) -> Caller {
        Caller {
            name: "anonymous",
            standing: Standing::Unknown,
            client: Client::of(&self.stack),
            email: "stranger@example.com".to_owned(),
            refresh_token: "none".to_owned(),
            reset_token: "none".to_owned(),
            confirm_token: "none".to_owned(),
            things: self.ours.clone(),
        }
    }

    /// A former admin of acme.
    pub(super) async fn disabled(&mut self) -> Caller {
        let disabled = self.acme.hire("disabled", "ADMIN").await;
        disable(&self.acme, &disabled).await;
        self.begin();
        Caller::new("disabled", Standing::Unknown, &disabled, &self.ours)
    }

    /// Every kind of caller of acme's data, and the admin of a deleted organization.
    pub(super) async fn every_caller(&mut self) -> Vec<Caller> {
        let disabled = self.disabled().await;
        let demoted = self.acme.hire("demoted", "ADMIN").await;
        set_role(&self.acme, &demoted, "STAFF").await;
        let gone = self.acme.hire("logged-out", "ADMIN").await;
        gone.post("/api/v1/auth/logout", json!({"refresh_token": gone.refresh_token})).await.expect(204);
        let closed = Shop::open(&self.stack, "initech").await;
        let closed_things = Things::of(&closed).await;
        close(&closed).await;
        self.begin();

        let members = self.members();
        let lost = [
            disabled,
            Caller::new("demoted", Standing::Member(Role::Staff), &demoted, &self.ours),
            Caller::new("logged out", Standing::Unknown, &gone, &self.ours),
            Caller::new("other", Standing::Outsider, self.globex.admin(), &self.ours),
            Caller::new("deleted", Standing::Unknown, closed.admin(), &closed_things),
        ];
        [self.anonymous()].into_iter().chain(members).chain(lost).collect()
    }
}

/// Whether an item with that key is of that organization.
fn is_of(shop: &Shop, key: &str) -> bool {
    let named = key.strip_prefix("TENANT#").or_else(|| key.strip_prefix("CREDENTIAL#"));
    let named = named.is_some_and(|rest| rest.split(['#', ' ']).next() == Some(&shop.subdomain));
    named || key.starts_with(&format!("ORG#{}#", shop.id))
}

/// The id of the session in a user's token.
pub(super) fn session(person: &Person) -> String {
    claims(person.token())["sid"].as_str().unwrap().to_owned()
}

/// The claims of an access token.
pub(super) fn claims(access_token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(access_token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// The admin changes a user's role.
pub(crate) async fn set_role(shop: &Shop, person: &Person, role: &str) {
    shop.admin().patch(format!("/api/v1/users/{}", person.id), json!({"role": role})).await.expect(200);
}

/// The admin disables a user.
pub(crate) async fn disable(shop: &Shop, person: &Person) {
    shop.admin().patch(format!("/api/v1/users/{}", person.id), json!({"status": "DISABLED"})).await.expect(200);
}

/// The admin enables a user.
pub(super) async fn enable(shop: &Shop, person: &Person) {
    shop.admin().patch(format!("/api/v1/users/{}", person.id), json!({"status": "ACTIVE"})).await.expect(200);
}

/// The admin ends the organization.
pub(crate) async fn close(shop: &Shop) {
    let path = format!("/api/v1/organizations/{}", shop.id);
    shop.admin().delete(path).query(&[("confirm", &shop.subdomain)]).await.expect(202);
}
