//! Sign-up, users and purchase requests of both sample organizations. All writes follow the product's own rules, under
//! a clock that shows the date of the record.

mod requests;

use stockroom_api::{ApiError, password::Hasher};
use stockroom_domain::{
    access::{Permission, Role},
    fault::Fault,
    id::{OrganizationId, UserId},
    organization::Currency,
    source::{Clock, Sources},
    text::{Email, EmailLookup},
    time::Timestamp,
    user::Password,
};
use stockroom_runtime::{Runtime, SampleAccount};
use stockroom_store::{
    Claim, NewOrganization, NewPassword, NewUser, Origin, Outcome, Page, PageRequest, Store, StoreError, TableClient,
    TenantScope,
};
use tokio::task::JoinError;

pub(crate) use requests::{PlannedRequest, are_complete, write_requests};

/// The most items of a page.
pub(crate) const PAGE: usize = 100;

/// Progress of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Movements in the ledger, including those of earlier runs.
    pub recorded: usize,
    /// All movements of the finished import.
    pub total: usize,
}

/// Result of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// This run completed the organization.
    Completed,
    /// An earlier run completed it; changes since then stay.
    AlreadyComplete,
    /// The subdomain belongs to another organization, or the first admin is gone.
    Foreign,
    /// Its users or products were changed before it was complete; it stays as it is.
    Changed,
}

/// Why an import failed.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file is not in its format.
    #[error("the records of the sample organization cannot be read: {0}")]
    Records(#[from] csv::Error),
    /// The product rejects a value.
    #[error("a record of the sample organization has a value that {0}")]
    Value(#[from] Fault),
    /// A record refers to one that does not exist.
    #[error("a record of the sample organization refers to one that does not exist")]
    Inconsistent,
    /// The password could not be hashed.
    #[error("the password of the sample organization cannot be hashed: {0}")]
    Password(String),
    /// The ledger has movements that the import did not write.
    #[error("the sample organization was used before its import was complete: use another --data-dir")]
    Used,
    /// The store rejected a write or failed.
    #[error("the import of the sample organization failed: {0}")]
    Store(#[from] StoreError),
    /// A worker panicked.
    #[error("the import of the sample organization stopped: {0}")]
    Broken(#[from] JoinError),
}

/// Turns errors that users of the organization caused by changing it into [`Imported::Changed`]. The local stack starts
/// nevertheless.
pub(crate) fn tolerate_user_changes(imported: Result<Imported, ImportError>) -> Result<Imported, ImportError> {
    match imported {
        Err(
            ImportError::Store(
                StoreError::Unauthenticated
                | StoreError::Forbidden
                | StoreError::NotFound
                | StoreError::Conflict(_)
                | StoreError::Rejected(_),
            )
            | ImportError::Inconsistent,
        ) => Ok(Imported::Changed),
        imported => imported,
    }
}

/// A sample organization. `infra/local/README.md` shows its password, which opens only the sample on the reader's
/// machine.
#[derive(Debug)]
pub(crate) struct SampleOrganization {
    pub(crate) name: &'static str,
    pub(crate) subdomain: &'static str,
    pub(crate) password: &'static str,
    pub(crate) admin: SampleUser,
    pub(crate) manager: SampleUser,
    pub(crate) staff: SampleUser,
}

impl SampleOrganization {
    /// Its accounts, for the start page and the terminal.
    pub(crate) fn accounts(&self) -> [SampleAccount; 3] {
        [(self.admin, Role::Admin), (self.manager, Role::Manager), (self.staff, Role::Staff)].map(|(user, role)| {
            SampleAccount {
                tenant: self.subdomain.to_owned(),
                role: role.name().to_owned(),
                email: user.email.to_owned(),
                password: self.password.to_owned(),
            }
        })
    }
}

/// One of its users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SampleUser {
    pub(crate) email: &'static str,
    pub(crate) full_name: &'static str,
}

/// A clock that always shows one moment.
#[derive(Debug, Clone, Copy)]
struct StoppedAt(Timestamp);

impl Clock for StoppedAt {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Signs an organization up and adds its users. Existing ones stay as they are.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    client: TableClient,
    sources: Sources,
    sample: &'static SampleOrganization,
}

/// An organization with its first admin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedUp {
    sample: &'static SampleOrganization,
    organization: OrganizationId,
    admin: UserId,
}

/// An organization with all its users.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Users {
    signed_up: SignedUp,
    manager: UserId,
    staff: UserId,
}

impl SignedUp {
    /// The scope of its admin.
    pub(crate) fn admin(&self, permission: Permission) -> TenantScope {
        self.scope(self.admin, permission)
    }

    /// Adds it to the list of the low-stock job. The events of its import are history and are not delivered.
    pub(crate) async fn watch_low_stock(&self, store: &Store) -> Result<(), StoreError> {
        store.low_watch(self.organization).mark().await
    }

    fn scope(&self, user: UserId, permission: Permission) -> TenantScope {
        let claim = Claim { organization: self.organization, user, session: None };
        TenantScope::new(claim, permission, origin(self.sample))
    }
}

impl Users {
    /// The scope of its manager.
    pub(crate) fn manager(&self, permission: Permission) -> TenantScope {
        self.signed_up.scope(self.manager, permission).with_claimed_role(Role::Manager)
    }

    /// The scope of its member of staff.
    pub(crate) fn staff(&self, permission: Permission) -> TenantScope {
        self.signed_up.scope(self.staff, permission).with_claimed_role(Role::Staff)
    }
}

impl Setup {
    pub(crate) fn new(runtime: &Runtime, sample: &'static SampleOrganization) -> Self {
        let client = TableClient::new(runtime.config.connection.clone());
        Self { client, sources: runtime.sources.clone(), sample }
    }

    /// A store whose clock shows this moment.
    pub(crate) fn store_at(&self, moment: Timestamp) -> Store {
        Store::new(self.client.clone(), self.sources.with_clock(StoppedAt(moment)))
    }

    /// Signs the organization up at this moment, unless it exists. `None` if the subdomain is taken by another one.
    pub(crate) async fn sign_up(&self, at: Timestamp) -> Result<Option<SignedUp>, ImportError> {
        let SampleOrganization { name, subdomain, admin, .. } = self.sample;
        let store = self.store_at(at);
        let account = |organization, admin| SignedUp { sample: self.sample, organization, admin };
        let counted = store.count_attempt(Vec::new()).await?;
        let email = EmailLookup::new(admin.email);
        if let Some(credential) = store.identity().credential(counted, subdomain, &email).await? {
            return Ok(credential.user().map(|user| account(credential.organization(), user)));
        }
        let new = NewOrganization {
            name: name.parse()?,
            subdomain: subdomain.parse()?,
            currency: Currency::default(),
            admin_email: admin.email.parse()?,
            admin_name: admin.full_name.parse()?,
            admin_hash: self.new_password()?.hash,
            is_confirmed: true,
        };
        let (organizations, origin) = (store.organizations(), origin(self.sample));
        let admitted = done(organizations.admit(Vec::new(), &new.subdomain, &origin, None).await?)?;
        let signed_up = organizations.sign_up(&new, admitted, &origin, None, |_| Vec::new()).await?;
        let signed_up = done(signed_up)?;
        Ok(Some(account(signed_up.organization.id, signed_up.admin.id)))
    }

    /// Adds the manager and the member of staff at these moments, unless they exist.
    pub(crate) async fn add_users(&self, signed_up: &SignedUp, at: [Timestamp; 2]) -> Result<Users, ImportError> {
        let [first, second] = at;
        let manager = self.add_user(signed_up, self.sample.manager, Role::Manager, first).await?;
        let staff = self.add_user(signed_up, self.sample.staff, Role::Staff, second).await?;
        Ok(Users { signed_up: *signed_up, manager, staff })
    }

    async fn add_user(
        &self,
        signed_up: &SignedUp,
        user: SampleUser,
        role: Role,
        at: Timestamp,
    ) -> Result<UserId, ImportError> {
        let store = self.store_at(at);
        let email: Email = user.email.parse()?;
        let counted = store.count_attempt(Vec::new()).await?;
        let lookup = EmailLookup::from(&email);
        let credential = store.identity().credential(counted, self.sample.subdomain, &lookup).await?;
        if let Some(id) = credential.and_then(|credential| credential.user()) {
            return Ok(id);
        }
        let (full_name, password) = (user.full_name.parse()?, Some(self.new_password()?));
        let new = NewUser { email, full_name, role, password };
        let scope = signed_up.admin(Permission::ManageUsers);
        let admitted = done(store.users(&scope).admit(Vec::new()).await?)?;
        Ok(done(store.users(&scope).add(&new, admitted, |_| Vec::new()).await?)?.user.id)
    }

    fn new_password(&self) -> Result<NewPassword, ImportError> {
        let password: Password = self.sample.password.parse()?;
        let failed = |error: ApiError| ImportError::Password(format!("{error:?}"));
        let hash = Hasher::new(self.sources.clone()).hash(password.reveal()).map_err(failed)?;
        Ok(NewPassword { password, hash })
    }
}

fn origin(sample: &SampleOrganization) -> Origin {
    Origin { request_id: sample.subdomain.to_owned(), ..Origin::default() }
}

/// The result of a write without an idempotency key, which is never a replay.
pub(crate) fn done<T>(outcome: Outcome<T>) -> Result<T, StoreError> {
    match outcome {
        Outcome::Done(result) => Ok(result),
        Outcome::Replayed(_) => Err(StoreError::Internal(
            "a write without an idempotency key was answered with a stored response".to_owned(),
        )),
    }
}

/// Every page of a list.
pub(crate) async fn all<T>(
    list: impl AsyncFn(PageRequest) -> Result<Page<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut items = Vec::new();
    let mut page = PageRequest { limit: PAGE, after: None, descending: false };
    loop {
        let (found, next) = list(page.clone()).await?.into_parts();
        items.extend(found);
        if next.is_none() {
            return Ok(items);
        }
        page.after = next;
    }
}
