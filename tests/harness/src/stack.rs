//! One table and its functions.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use dynoxide::Database;
use serde_json::Value;
use stockroom_api::App;
use stockroom_domain::source::{Clock as _, Sources};
use stockroom_local::{
    embedded::{self, Embedded, Storage, TABLE_NAME},
    functions,
    gateway::Gateway,
};
use stockroom_runtime::{Config, Link, Purpose, Runtime};
use stockroom_store::Account;
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    calls::Access,
    faults::Faults,
    invariants, items, observe,
    sources::{SeededEntropy, TestClock},
};

/// The default settings of every process. Rate limits are off. Outputs are searched for the secrets.
const SETTINGS: [(&str, &str); 18] = [
    ("ENV", "testing"),
    ("SECRET_KEY", "canary-signing-key-of-32-characters-or-more"),
    ("CURSOR_KEY", "Y2FuYXJ5LWN1cnNvci1rZXktb2YtMzItYnl0ZXMhISE"),
    ("TENANT_BASE_DOMAIN", "example.com"),
    ("CORS_ORIGINS", "https://app.example.com"),
    ("TABLE_NAME", TABLE_NAME),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_ACCESS_KEY_ID", "testing"),
    ("AWS_SECRET_ACCESS_KEY", "canary-secret-access-key"),
    // Tests sign in often, and their clock hardly moves, so that buckets would not refill.
    ("LIMIT_REQUESTS", "off"),
    ("LIMIT_TENANT", "off"),
    ("LIMIT_ADDRESS", "off"),
    ("LIMIT_LOGIN", "off"),
    ("LIMIT_LOGIN_ADDRESS", "off"),
    ("LIMIT_ONBOARDING", "off"),
    ("LIMIT_INVITATIONS", "off"),
    ("LIMIT_LINK_MAILS", "off"),
    ("LIMIT_MAILBOX", "off"),
];

const LIMITS: [&str; 9] = [
    "LIMIT_REQUESTS",
    "LIMIT_TENANT",
    "LIMIT_ADDRESS",
    "LIMIT_LOGIN",
    "LIMIT_LOGIN_ADDRESS",
    "LIMIT_ONBOARDING",
    "LIMIT_INVITATIONS",
    "LIMIT_LINK_MAILS",
    "LIMIT_MAILBOX",
];

/// A process of the product and its table; cheap to clone. It ends with the last clone.
#[derive(Debug, Clone)]
pub struct Stack {
    table: Arc<Table>,
    process: Arc<Process>,
}

struct Table {
    embedded: Embedded,
    /// The directory of a table on disk; deleted with it.
    directory: Option<TempDir>,
    faults: Option<Faults>,
    is_observed: bool,
    clock: TestClock,
    seed: u64,
    processes: AtomicU64,
}

#[derive(Debug)]
struct Process {
    runtime: Runtime,
    app: App,
    /// One for each function in an observed stack, else empty.
    apart: Vec<App>,
    gateway: Gateway,
}

impl Stack {
    /// A stack with an empty table.
    pub async fn start() -> Self {
        Self::begin(false, false, None).await
    }

    /// A stack with an empty table and [`Faults`] before it.
    pub async fn start_with_faults() -> Self {
        Self::begin(true, false, None).await
    }

    /// A stack with an empty table for tens of thousands of writes: in memory, each takes longer than the one before.
    pub async fn start_large() -> Self {
        Self::begin(false, false, Some(tempfile::tempdir().unwrap())).await
    }

    /// The same with functions that share only the table, like deployed ones, under limits that are never reached. It
    /// keeps the calls of each function to the table.
    pub async fn start_observed() -> Self {
        let stack = Self::begin(true, true, None).await;
        for app in &stack.process.apart {
            app.store().ping().await.unwrap();
        }
        stack
    }

    async fn begin(with_faults: bool, is_observed: bool, directory: Option<TempDir>) -> Self {
        observe::begin();
        let seed = seed();
        let storage =
            directory.as_ref().map_or(Storage::Memory, |directory| Storage::File(directory.path().to_owned()));
        let embedded = embedded::start(storage).await.unwrap();
        let faults = if with_faults { Some(Faults::before(embedded.endpoint(), seed).await) } else { None };
        let (clock, processes) = (TestClock::default(), AtomicU64::new(0));
        let table = Table { embedded, directory, faults, is_observed, clock, seed, processes };
        let process = table.process(table.clock.clone(), &[]);
        Self { table: Arc::new(table), process: Arc::new(process) }
    }

    /// Another process on the same table, with a client, connections and randomness of its own.
    #[must_use]
    pub fn another_process(&self) -> Self {
        self.another_process_with(self.table.clock.clone(), &[])
    }

    /// The same with a clock of its own, which may be wrong, and with these settings.
    #[must_use]
    pub fn another_process_with(&self, clock: TestClock, settings: &[(&str, &str)]) -> Self {
        Self { table: Arc::clone(&self.table), process: Arc::new(self.table.process(clock, settings)) }
    }

    /// The runtime of the process.
    #[must_use]
    pub fn runtime(&self) -> &Runtime {
        &self.process.runtime
    }

    /// The runtime of a function without HTTP. An observed stack keeps its calls to the table.
    #[must_use]
    pub fn function(&self, name: &'static str) -> Runtime {
        self.table.runtime(&self.table.clock, &[], self.table.is_observed.then_some(name))
    }

    /// The state that its handlers share.
    #[must_use]
    pub fn app(&self) -> &App {
        &self.process.app
    }

    /// Its functions at one address.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.process.gateway
    }

    /// The clock of every process without one of its own.
    #[must_use]
    pub fn clock(&self) -> &TestClock {
        &self.table.clock
    }

    /// The faults of a stack that was started with faults.
    #[must_use]
    #[track_caller]
    pub fn faults(&self) -> &Faults {
        self.table.faults.as_ref().expect("the stack was started with faults")
    }

    /// Every function's calls to the table, in an observed stack.
    #[must_use]
    #[track_caller]
    pub fn accesses(&self) -> BTreeSet<Access> {
        self.faults().accesses()
    }

    /// The seed of all randomness.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.table.seed
    }

    /// The token of the link that is mailed to a user for an entry of this moment.
    #[must_use]
    pub fn link_token(&self, purpose: Purpose, organization: &str, user: &str, auth_epoch: u64) -> String {
        let (organization, user) = (organization.parse().unwrap(), user.parse().unwrap());
        let account = Account { organization, user, auth_epoch };
        let now = self.runtime().sources.now();
        self.app().links().unwrap().token(&Link::new(purpose, account, self.runtime().sources.id(now), now))
    }

    /// The token of the link that confirms the address requested by this event.
    #[must_use]
    pub fn email_token(&self, organization: &str, user: &str, auth_epoch: u64, event: &str) -> String {
        let (organization, user) = (organization.parse().unwrap(), user.parse().unwrap());
        let account = Account { organization, user, auth_epoch };
        let link = Link::new(Purpose::EmailChange, account, event.parse().unwrap(), self.runtime().sources.now());
        self.app().links().unwrap().token(&link)
    }

    /// Direct access to the table.
    #[must_use]
    pub fn database(&self) -> &Database {
        self.table.embedded.database()
    }

    /// Every item of the table, with plain JSON for attribute values.
    #[must_use]
    pub fn items(&self) -> Vec<Value> {
        items::all(self.database())
    }

    /// Puts an item, in the table's own JSON, directly into the table.
    ///
    /// # Panics
    /// If the JSON is no item.
    pub fn put(&self, item: Value) {
        items::put(self.database(), item);
    }

    /// Copies the table and the time of another stack. Nothing may write to that stack meanwhile.
    pub fn continue_from(&self, other: &Self) {
        items::copy(other.database(), self.database());
        self.clock().set(other.clock().now());
    }

    /// Removes attributes from an item directly in the table, as in an item of an older version. A path such as
    /// `data.items[0].unit` names a nested one.
    pub fn forget(&self, item: &Value, attributes: &[&str]) {
        items::forget(self.database(), item, attributes);
    }

    /// Changes items, with their keys, in the table's own JSON directly in the table.
    pub fn rewrite(&self, change: impl Fn(&mut Value)) {
        items::rewrite(self.database(), change);
    }

    /// Sets an attribute of an item to a number, directly in the table.
    pub fn set(&self, item: &Value, attribute: &str, number: u64) {
        items::set(self.database(), item, attribute, number);
    }

    /// Lets an organization send mail by removing the pending confirmation of its first admin directly from the table.
    pub fn confirm(&self, organization: &str) {
        let key = format!("ORG#{organization}#ORG");
        for item in self.items().iter().filter(|item| item["pk"] == *key) {
            self.forget(item, &["unconfirmed_admin", "unconfirmed_email"]);
        }
    }

    /// Deletes a partition directly in the table.
    pub fn forget_partition(&self, partition: &str) {
        for item in self.items().iter().filter(|item| item["pk"] == partition) {
            items::delete(self.database(), item);
        }
    }

    /// Violations of the invariants; see [`check_invariants`](Self::check_invariants).
    #[must_use]
    pub fn violations(&self) -> Vec<String> {
        invariants::violations(&self.items())
    }

    /// Fails unless, in every organization, the ledger adds up to the levels, levels have their product and warehouse,
    /// claims match their items, credentials match their users, and the low list has exactly the low levels.
    #[track_caller]
    pub fn check_invariants(&self) {
        let violations = self.violations();
        assert!(violations.is_empty(), "the table contradicts itself:\n{}", violations.join("\n"));
    }
}

impl Table {
    fn process(&self, clock: TestClock, settings: &[(&str, &str)]) -> Process {
        let runtime = self.runtime(&clock, settings, None);
        let app = App::issuing(&runtime).unwrap();
        let mut apart = Vec::new();
        let functions = if self.is_observed {
            functions::each(|function| {
                let runtime = self.runtime(&clock, settings, Some(function));
                // Each starts as it does when deployed.
                let app = if function == "auth" { App::issuing(&runtime) } else { App::new(&runtime) };
                apart.push(app.unwrap());
                apart[apart.len() - 1].clone()
            })
        } else {
            functions::all(&app)
        };
        let gateway = Gateway::new(functions, || jiff::Timestamp::UNIX_EPOCH, next_request_id);
        Process { runtime, app, apart, gateway }
    }

    /// The runtime of a process, or of one function that calls the table under its own name.
    fn runtime(&self, clock: &TestClock, settings: &[(&str, &str)], function: Option<&str>) -> Runtime {
        let endpoint = self.faults.as_ref().map_or(self.embedded.endpoint(), Faults::endpoint);
        let endpoint = &function.map_or(endpoint.to_owned(), |function| format!("{endpoint}/{function}"));
        let ample = LIMITS.map(|limit| (limit, "1000000/second"));
        let settings = if self.is_observed { [ample.as_slice(), settings].concat() } else { settings.to_vec() };
        let usual = SETTINGS.iter().chain(&[("AWS_ENDPOINT_URL", endpoint.as_str())]).copied().collect::<Vec<_>>();
        let config = Config::from_vars(|name| {
            let setting = settings.iter().chain(&usual).find(|(known, _)| *known == name);
            setting.map(|(_, value)| (*value).to_owned())
        });
        let entropy = SeededEntropy::new(self.seed, self.processes.fetch_add(1, Ordering::SeqCst));
        Runtime::new(config.unwrap(), Sources::new(clock.clone(), entropy))
    }
}

impl Drop for Table {
    #[expect(clippy::print_stderr, reason = "a failed test says how to repeat it")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("repeat with STOCKROOM_SEED={}", self.seed);
            return;
        }
        // After every test, neither the log nor the table contains a secret.
        observe::log_keeps_secrets();
        for item in items::all(self.embedded.database()) {
            observe::keeps_secrets("the table", &item.to_string());
        }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("embedded", &self.embedded)
            .field("directory", &self.directory)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "the caller of the tests chooses the seed")]
fn seed() -> u64 {
    std::env::var("STOCKROOM_SEED").map_or(20_261_123, |seed| seed.parse().expect("STOCKROOM_SEED is a number"))
}

/// Ids that are unique among all requests of this process, in all stacks: log lines are kept by them.
fn next_request_id() -> Uuid {
    static LAST: AtomicU64 = AtomicU64::new(0);
    Uuid::from_u64_pair(0, LAST.fetch_add(1, Ordering::Relaxed) + 1)
}
