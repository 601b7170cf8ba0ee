//! The data of Stockroom in one DynamoDB table. No other crate of the product uses its SDK.
//!
//! A repository opens only with a [`TenantScope`], and its first read verifies the caller. A write reads all that it
//! needs in one round trip, decides, and commits state, log entry and stored response in one transaction. The module
//! `write` handles lost races and lost replies. `shared/store/TABLE.md` lists the keys.

mod background;
mod catalogue;
mod dynamo;
mod error;
mod keys;
mod people;
mod purchasing;
mod rate_limit;
mod schema;
mod stock;
mod upgrades;
mod views;
mod write;

use stockroom_domain::{catalogue::SupplierDetails, id::OrganizationId, source::Sources};

pub use background::cleaning::{Budget, Cleaning};
pub use background::directory::{Directory, Listed};
pub use background::low_watch::{LowStock, LowWatch, MAX_SHOWN, REMIND_AFTER};
pub use background::mailing::{MAIL_LEASE, MailClaim, MailLease, MailOccasion, MailOutcome, Mailing, Reach, Recipient};
pub use background::migrations::{
    MIGRATIONS_OF_THIS_PROGRAM, MigrateError, Migration, MigrationRun, MigrationState, Migrations, Pace, RUN_LEASE,
};
pub use background::purging::{Purge, Purged, Purging};
pub use background::reporting::{Excerpt, Reporting};
pub use catalogue::products::{ProductFilter, ProductSort, Products};
pub use catalogue::warehouses::Warehouses;
pub use catalogue::{Catalogue, CatalogueFilter, CatalogueSort};
pub use dynamo::client::{Connection, TableClient};
pub use dynamo::https::AwsHttpClient;
pub use dynamo::meter::{Cost, Meter};
pub use dynamo::page::{Page, PageItem, PageRequest, Position};
pub use dynamo::retry::WRITE_DEADLINE;
pub use error::{Conflict, StoreError, TooMany};
pub use people::addresses::{AddressTerms, Addresses};
pub use people::identity::{Credential, Identity, NewSession, PasswordHash};
pub use people::invitation::Invitation;
pub use people::organizations::{NewOrganization, OrganizationChange, Organizations, SignedUp};
pub use people::passwords::{
    Account, LinkedAccount, NewPassword, OwnPassword, PasswordChange, Passwords, VerifiedPassword,
};
pub use people::refresh::{Presented, Refreshed, Renewal};
pub use people::sessions::OwnSession;
pub use people::sign_in::SignIn;
pub use people::user_changes::UserChange;
pub use people::users::{NewUser, UserFilter, UserProfile, Users};
pub use purchasing::{
    NewPurchaseRequest, OrderClosing, PurchaseRequestChanges, PurchaseRequestFilter, PurchaseRequests, Receipt,
};
pub use rate_limit::counter::{Admission, Bucket, BucketStatus};
pub use rate_limit::link_mails::LinkMails;
pub use stock::levels::{LevelFilter, LevelView, Levels, MAX_LEVELS_OF_PRODUCT};
pub use stock::movements::{MovementFilter, Movements, RecordedMovement};
pub use views::audit::{AuditLog, EntryFilter, LogEntry, What};
pub use views::events::{DomainEvent, EventFilter, Events, Since};
pub use views::stream::{LoggedEvents, events_from};
pub use write::access::CountedAttempt;
pub use write::idempotency::IdempotencyKey;
pub use write::log::Origin;
pub use write::scope::{Caller, Claim, TenantScope};
pub use write::{LookedUp, Outcome};

use write::access::Table;

/// The table as the repositories of one request use it. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Store {
    table: Table,
}

impl Store {
    /// The store of one process.
    #[must_use]
    pub fn new(client: TableClient, sources: Sources) -> Self {
        Self { table: Table::new(client, sources, upgrades::upgrade) }
    }

    /// The same store with another cost meter.
    #[must_use]
    pub fn metered(&self, meter: Meter) -> Self {
        Self { table: self.table.metered(meter) }
    }

    /// The cost since the last call, including clones with the same meter.
    #[must_use]
    pub fn take_cost(&self) -> Cost {
        self.table.take_cost()
    }

    /// The same store for a request with this admission: it returns and commits nothing before the request is counted.
    #[must_use]
    pub fn admitting(&self, admission: Admission) -> Self {
        Self { table: self.table.admitting(admission) }
    }

    /// Adds the buckets of an attempt at a credential, which the next read counts.
    ///
    /// # Errors
    /// [`StoreError::TooMany`], if it is known already that one is empty.
    pub async fn count_attempt(&self, buckets: Vec<Bucket>) -> Result<CountedAttempt, StoreError> {
        self.table.count_attempt(buckets).await
    }

    /// Adds buckets that the next call counts against.
    ///
    /// # Errors
    /// [`StoreError::TooMany`], if an empty bucket is already known.
    pub async fn count(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        self.table.count(buckets).await
    }

    /// Counts the request now, if that has not been done.
    ///
    /// # Errors
    /// [`StoreError::TooMany`]; [`StoreError::Unavailable`] for limits that count exactly.
    pub async fn admit(&self) -> Result<(), StoreError> {
        self.table.admit().await
    }

    /// Counts the request against these buckets instead and refunds the others, because the caller's check failed.
    ///
    /// # Errors
    /// As [`count`](Self::count) and [`admit`](Self::admit).
    pub async fn count_instead(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        self.table.count_instead(buckets).await
    }

    /// Whether this process knows that the session of the scope has ended.
    #[must_use]
    pub fn has_ended(&self, scope: &TenantScope) -> bool {
        self.table.has_ended(scope)
    }

    /// The status of the buckets that the request counted against.
    pub async fn bucket_statuses(&self) -> Vec<BucketStatus> {
        self.table.bucket_statuses().await
    }

    /// Verifies the caller of the scope, once: session, active user with the permission, active organization.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`], [`StoreError::Forbidden`].
    pub async fn verify(&self, scope: &TenantScope) -> Result<(), StoreError> {
        self.table.verify(scope).await.map(|_| ())
    }

    /// Opens connections to the table before the first call.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn connect(&self) -> Result<(), StoreError> {
        self.table.connect().await
    }

    /// Checks that the table answers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.table.ping().await
    }

    /// Sign-in and refresh. They need no scope, because they create one.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        Identity::new(&self.table)
    }

    /// Organizations: sign-up, and the caller's own.
    #[must_use]
    pub fn organizations(&self) -> Organizations<'_> {
        Organizations::new(&self.table)
    }

    /// Passwords: changes, resets, first passwords.
    #[must_use]
    pub fn passwords(&self) -> Passwords<'_> {
        Passwords::new(&self.table)
    }

    /// Addresses that await confirmation.
    #[must_use]
    pub fn addresses(&self) -> Addresses<'_> {
        Addresses::new(&self.table)
    }

    /// Data for mail. It takes no scope: an event of the organization's own log causes the mail, and its own users
    /// get it.
    #[must_use]
    pub fn mailing(&self, organization: OrganizationId) -> Mailing<'_> {
        Mailing::new(&self.table, organization)
    }

    /// The directory of organizations. It takes no scope, like the following four: the schedule calls them.
    #[must_use]
    pub fn directory(&self) -> Directory<'_> {
        Directory::new(&self.table)
    }

    /// Data for the reports to the managers of an organization.
    #[must_use]
    pub fn reporting(&self, organization: OrganizationId) -> Reporting<'_> {
        Reporting::new(&self.table, organization)
    }

    /// The state of low-stock mail of an organization.
    #[must_use]
    pub fn low_watch(&self, organization: OrganizationId) -> LowWatch<'_> {
        LowWatch::new(&self.table, organization)
    }

    /// Expired data of an organization.
    #[must_use]
    pub fn cleaning(&self, organization: OrganizationId) -> Cleaning<'_> {
        Cleaning::new(&self.table, organization)
    }

    /// The purge of ended organizations.
    #[must_use]
    pub fn purging(&self) -> Purging<'_> {
        Purging::new(&self.table)
    }

    /// Migrations of stored items, for operators.
    #[must_use]
    pub fn migrations(&self) -> Migrations<'_> {
        Migrations::new(&self.table)
    }

    /// Users of the caller's organization.
    #[must_use]
    pub fn users<'a>(&'a self, scope: &'a TenantScope) -> Users<'a> {
        Users::new(&self.table, scope)
    }

    /// Its products.
    #[must_use]
    pub fn products<'a>(&'a self, scope: &'a TenantScope) -> Products<'a> {
        Products::new(&self.table, scope)
    }

    /// Its suppliers.
    #[must_use]
    pub fn suppliers<'a>(&'a self, scope: &'a TenantScope) -> Catalogue<'a, SupplierDetails> {
        Catalogue::new(&self.table, scope)
    }

    /// Its warehouses.
    #[must_use]
    pub fn warehouses<'a>(&'a self, scope: &'a TenantScope) -> Warehouses<'a> {
        Warehouses::new(&self.table, scope)
    }

    /// Movements of stock.
    #[must_use]
    pub fn movements<'a>(&'a self, scope: &'a TenantScope) -> Movements<'a> {
        Movements::new(&self.table, scope)
    }

    /// Purchase requests.
    #[must_use]
    pub fn purchase_requests<'a>(&'a self, scope: &'a TenantScope) -> PurchaseRequests<'a> {
        PurchaseRequests::new(&self.table, scope)
    }

    /// The audit log.
    #[must_use]
    pub fn audit_log<'a>(&'a self, scope: &'a TenantScope) -> AuditLog<'a> {
        AuditLog::new(&self.table, scope)
    }

    /// Domain events that the caller may read.
    #[must_use]
    pub fn events<'a>(&'a self, scope: &'a TenantScope) -> Events<'a> {
        Events::new(&self.table, scope)
    }

    /// Stock levels, now and at a past time.
    #[must_use]
    pub fn levels<'a>(&'a self, scope: &'a TenantScope) -> Levels<'a> {
        Levels::new(&self.table, scope)
    }
}
