//! What the sample companies have in common: a founder who signs them up and hires their people, through the same rules as
//! anybody, under a clock that shows the date of what is recorded.

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
use stockroom_runtime::Runtime;
use stockroom_store::{
    Claim, NewOrganization, NewPassword, NewUser, Origin, Outcome, Page, PageRequest, Store, StoreError, TableClient,
    TenantScope,
};
use tokio::task::JoinError;

pub(crate) use requests::{PlannedRequest, are_written, write_requests};

/// The most items of a page.
pub(crate) const PAGE: usize = 100;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Movements that are in the ledger, those of earlier runs included.
    pub recorded: usize,
    /// All there will be.
    pub total: usize,
}

/// What an import came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The company is complete now.
    Completed,
    /// It was before; whatever has been done with it since stays.
    Present,
    /// The subdomain belongs to somebody else, or to the company without its first admin.
    Foreign,
    /// Its people or goods were changed before it was complete; it stays as it is.
    Changed,
}

/// Why an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file does not hold what it should.
    #[error("the sample company's records cannot be read: {0}")]
    Records(#[from] csv::Error),
    /// A value is not one that the product takes.
    #[error("the sample company's records have a value that {0}")]
    Value(#[from] Fault),
    /// A record names another that is not there.
    #[error("the sample company's records do not fit each other")]
    Inconsistent,
    /// No hash of the password.
    #[error("the sample company's password cannot be hashed: {0}")]
    Password(String),
    /// The ledger has movements that are none of the company's.
    #[error("the sample company was used before its import was complete: start again with another --data-dir")]
    Used,
    /// The store refused or failed.
    #[error("the sample company's import failed: {0}")]
    Store(#[from] StoreError),
    /// A part of it broke off.
    #[error("the sample company's import broke off: {0}")]
    Broken(#[from] JoinError),
}

/// What an import came to that met a company whose people use it: that is theirs to do, and no reason not to start.
pub(crate) fn as_far_as_it_was_left_alone(imported: Result<Imported, ImportError>) -> Result<Imported, ImportError> {
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

/// A sample company. Its password is printed in `infra/local/README.md`: it opens nothing but a sample on its reader's own machine.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) name: &'static str,
    pub(crate) subdomain: &'static str,
    pub(crate) password: &'static str,
    pub(crate) admin: Person,
    pub(crate) manager: Person,
    pub(crate) staff: Person,
}

/// Someone who works there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    pub(crate) email: &'static str,
    pub(crate) full_name: &'static str,
}

/// A clock that stands still.
#[derive(Debug, Clone, Copy)]
struct StoppedAt(Timestamp);

impl Clock for StoppedAt {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// Signs a company up and hires its people; whatever is there already is taken as it is.
#[derive(Debug, Clone)]
pub(crate) struct Founder {
    client: TableClient,
    sources: Sources,
    company: &'static Company,
}

/// A company with its first admin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Founded {
    company: &'static Company,
    organization: OrganizationId,
    admin: UserId,
}

/// A company with all its people.
#[derive(Debug, Clone, Copy)]
pub(crate) struct People {
    founded: Founded,
    manager: UserId,
    staff: UserId,
}

impl Founded {
    /// Its admin, about to do something.
    pub(crate) fn admin(&self, permission: Permission) -> TenantScope {
        self.scope(self.admin, permission)
    }

    /// Has the low-stock job look at it: its events are history, which nobody follows.
    pub(crate) async fn watch_low_stock(&self, store: &Store) -> Result<(), StoreError> {
        store.low_watch(self.organization).mark().await
    }

    fn scope(&self, user: UserId, permission: Permission) -> TenantScope {
        let claim = Claim { organization: self.organization, user, session: None };
        TenantScope::new(claim, permission, origin(self.company))
    }
}

impl People {
    /// Its manager, about to do something.
    pub(crate) fn manager(&self, permission: Permission) -> TenantScope {
        self.founded.scope(self.manager, permission).with_claimed_role(Role::Manager)
    }

    /// Its member of staff, about to do something.
    pub(crate) fn staff(&self, permission: Permission) -> TenantScope {
        self.founded.scope(self.staff, permission).with_claimed_role(Role::Staff)
    }
}

impl Founder {
    pub(crate) fn new(runtime: &Runtime, company: &'static Company) -> Self {
        let client = TableClient::new(runtime.config.connection.clone());
        Self { client, sources: runtime.sources.clone(), company }
    }

    /// The store as it was at a moment.
    pub(crate) fn at(&self, moment: Timestamp) -> Store {
        Store::new(self.client.clone(), self.sources.with_clock(StoppedAt(moment)))
    }

    /// The company and its first admin, founded then if need be; `None` when the name is taken without that admin.
    pub(crate) async fn found(&self, at: Timestamp) -> Result<Option<Founded>, ImportError> {
        let Company { name, subdomain, admin, .. } = self.company;
        let store = self.at(at);
        let founded = |organization, admin| Founded { company: self.company, organization, admin };
        if let Some(credential) = store.identity().credential(subdomain, &EmailLookup::new(admin.email)).await? {
            return Ok(credential.user().map(|user| founded(credential.organization(), user)));
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
        let signed_up = store.organizations().sign_up(&new, &origin(self.company), None, |_| Vec::new()).await?;
        let signed_up = done(signed_up)?;
        Ok(Some(founded(signed_up.organization.id, signed_up.admin.id)))
    }

    /// The company's manager and member of staff, hired then if need be.
    pub(crate) async fn people(&self, founded: &Founded, at: [Timestamp; 2]) -> Result<People, ImportError> {
        let [first, second] = at;
        let manager = self.hire(founded, self.company.manager, Role::Manager, first).await?;
        let staff = self.hire(founded, self.company.staff, Role::Staff, second).await?;
        Ok(People { founded: *founded, manager, staff })
    }

    async fn hire(&self, founded: &Founded, person: Person, role: Role, at: Timestamp) -> Result<UserId, ImportError> {
        let store = self.at(at);
        let email: Email = person.email.parse()?;
        let credential = store.identity().credential(self.company.subdomain, &EmailLookup::from(&email)).await?;
        if let Some(user) = credential.and_then(|credential| credential.user()) {
            return Ok(user);
        }
        let (full_name, password) = (person.full_name.parse()?, Some(self.new_password()?));
        let new = NewUser { email, full_name, role, password };
        let scope = founded.admin(Permission::ManageUsers);
        Ok(done(store.users(&scope).add(&new, |_| Vec::new()).await?)?.user.id)
    }

    fn new_password(&self) -> Result<NewPassword, ImportError> {
        let password: Password = self.company.password.parse()?;
        let failed = |error: ApiError| ImportError::Password(format!("{error:?}"));
        let hash = Hasher::new(self.sources.clone()).hash(password.reveal()).map_err(failed)?;
        Ok(NewPassword { password, hash })
    }
}

fn origin(company: &Company) -> Origin {
    Origin { request_id: company.subdomain.to_owned(), ..Origin::default() }
}

/// What a write without an idempotency key came to.
pub(crate) fn done<T>(outcome: Outcome<T>) -> Result<T, StoreError> {
    match outcome {
        Outcome::Done(result) => Ok(result),
        Outcome::Replayed(_) => Err(StoreError::Internal("an answer was kept where none is".to_owned())),
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
