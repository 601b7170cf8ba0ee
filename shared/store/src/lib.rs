//! Everything Stockroom keeps: one DynamoDB table, and the only crate that knows its SDK.
//!
//! A repository opens on a [`TenantScope`] alone and checks its caller with its first read. A write reads what it needs
//! in one round trip, decides, and commits state, log entry and kept answer in one transaction; see the module `write`
//! for how a lost race or a lost reply is handled, and `shared/store/TABLE.md` for the keys.

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
pub use background::low_watch::{LowStock, LowWatch, MOST_SHOWN, REMIND_AFTER};
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
pub use dynamo::https::https_client;
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
pub use purchasing::{Closing, NewRequest, PurchaseRequests, Receipt, RequestChanges, RequestFilter};
pub use rate_limit::counter::{Admission, Bucket, Standing};
pub use rate_limit::link_mails::LinkMails;
pub use stock::levels::{LevelFilter, LevelView, Levels, MAX_LEVELS_OF_PRODUCT};
pub use stock::movements::{MovementFilter, Movements, RecordedMovement};
pub use views::audit::{AuditLog, EntryFilter, LogEntry, What};
pub use views::events::{DomainEvent, EventFilter, Events, Since};
pub use views::stream::{Told, told_by};
pub use write::Outcome;
pub use write::idempotency::IdempotencyKey;
pub use write::log::Origin;
pub use write::scope::{Caller, Claim, TenantScope};

use write::access::Table;

/// The table, ready for the repositories of one request; cheap to clone.
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

    /// The same store, counting what it costs on `meter`.
    #[must_use]
    pub fn metered(&self, meter: Meter) -> Self {
        Self { table: self.table.metered(meter) }
    }

    /// What this store has cost since this was last asked, its clones included but for those that count on a meter of
    /// their own.
    #[must_use]
    pub fn take_cost(&self) -> Cost {
        self.table.take_cost()
    }

    /// The same store, counting this request's calls against `admission` before it lets anything out or commits anything.
    #[must_use]
    pub fn admitting(&self, admission: Admission) -> Self {
        Self { table: self.table.admitting(admission) }
    }

    /// Adds buckets that the request is counted against, with its first call that follows.
    ///
    /// # Errors
    /// [`StoreError::TooMany`], if it is known already that one is empty.
    pub async fn count(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        self.table.count(buckets).await
    }

    /// Counts the request now, unless that was done.
    ///
    /// # Errors
    /// [`StoreError::TooMany`]; [`StoreError::Unavailable`] where every single one counts.
    pub async fn admit(&self) -> Result<(), StoreError> {
        self.table.admit().await
    }

    /// Counts the request now against these buckets in place of those that it was counted against until now, which get
    /// back what it took: for a caller who is not who they claim to be.
    ///
    /// # Errors
    /// As [`count`](Self::count) and [`admit`](Self::admit).
    pub async fn count_instead(&self, buckets: Vec<Bucket>) -> Result<(), StoreError> {
        self.table.count_instead(buckets).await
    }

    /// Whether this process has found out before that the scope's session is over.
    #[must_use]
    pub fn has_ended(&self, scope: &TenantScope) -> bool {
        self.table.has_ended(scope)
    }

    /// How the buckets stand that the request was counted against.
    pub async fn standings(&self) -> Vec<Standing> {
        self.table.standings().await
    }

    /// Checks the scope's caller, unless that was done: a session that has not ended, an active user with the permission,
    /// an active organization.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`], [`StoreError::Forbidden`].
    pub async fn verify(&self, scope: &TenantScope) -> Result<(), StoreError> {
        self.table.verify(scope).await.map(|_| ())
    }

    /// Whether the table answers. It leaves an open connection behind, so that the next call finds it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.table.ping().await
    }

    /// Signing in and staying signed in; needs no scope, because it is how one is earned.
    #[must_use]
    pub fn identity(&self) -> Identity<'_> {
        Identity::new(&self.table)
    }

    /// Organizations: the caller's own, and new ones.
    #[must_use]
    pub fn organizations(&self) -> Organizations<'_> {
        Organizations::new(&self.table)
    }

    /// Passwords: one's own, forgotten ones, first ones.
    #[must_use]
    pub fn passwords(&self) -> Passwords<'_> {
        Passwords::new(&self.table)
    }

    /// Addresses that wait for their confirmation.
    #[must_use]
    pub fn addresses(&self) -> Addresses<'_> {
        Addresses::new(&self.table)
    }

    /// What the sender of mail needs to know of an organization. It takes no scope: an event of the organization's own log
    /// is its reason, and what it gives goes to the organization's own people.
    #[must_use]
    pub fn mailing(&self, organization: OrganizationId) -> Mailing<'_> {
        Mailing::new(&self.table, organization)
    }

    /// Which organizations there are. It takes no scope, like the following four: the schedule is their reason.
    #[must_use]
    pub fn directory(&self) -> Directory<'_> {
        Directory::new(&self.table)
    }

    /// What an organization's managers are told of it as a whole.
    #[must_use]
    pub fn reporting(&self, organization: OrganizationId) -> Reporting<'_> {
        Reporting::new(&self.table, organization)
    }

    /// What they have been told of its low stock.
    #[must_use]
    pub fn low_watch(&self, organization: OrganizationId) -> LowWatch<'_> {
        LowWatch::new(&self.table, organization)
    }

    /// What has had its time in an organization.
    #[must_use]
    pub fn cleaning(&self, organization: OrganizationId) -> Cleaning<'_> {
        Cleaning::new(&self.table, organization)
    }

    /// What is left of organizations that have ended.
    #[must_use]
    pub fn purging(&self) -> Purging<'_> {
        Purging::new(&self.table)
    }

    /// How far stored items have been brought to the current version of their shape. For whoever runs the product.
    #[must_use]
    pub fn migrations(&self) -> Migrations<'_> {
        Migrations::new(&self.table)
    }

    /// The people of the caller's organization.
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

    /// What moves in and out.
    #[must_use]
    pub fn movements<'a>(&'a self, scope: &'a TenantScope) -> Movements<'a> {
        Movements::new(&self.table, scope)
    }

    /// Requests to buy.
    #[must_use]
    pub fn purchase_requests<'a>(&'a self, scope: &'a TenantScope) -> PurchaseRequests<'a> {
        PurchaseRequests::new(&self.table, scope)
    }

    /// All that was ever done.
    #[must_use]
    pub fn audit_log<'a>(&'a self, scope: &'a TenantScope) -> AuditLog<'a> {
        AuditLog::new(&self.table, scope)
    }

    /// What happens, as far as it is the caller's business.
    #[must_use]
    pub fn events<'a>(&'a self, scope: &'a TenantScope) -> Events<'a> {
        Events::new(&self.table, scope)
    }

    /// What is there, and what was.
    #[must_use]
    pub fn levels<'a>(&'a self, scope: &'a TenantScope) -> Levels<'a> {
        Levels::new(&self.table, scope)
    }
}
