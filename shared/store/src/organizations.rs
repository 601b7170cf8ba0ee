//! Organizations: signing one up, and seeing one's own.

use serde::{Deserialize, Serialize};
use stockroom_domain::{
    access::Role,
    id::OrganizationId,
    log::{Action, Entity},
    organization::{Currency, Organization, OrganizationStatus, Subdomain},
    text::{Email, FullName, OrganizationName},
    user::{Person, User, UserStatus},
};

use crate::{
    error::{Conflict, StoreError},
    expression::absent,
    idempotency::IdempotencyKey,
    identity::{PasswordHash, user_items},
    item::{Item, n, with_attributes, with_data},
    keys::{Index, OrganizationKeys, directory, onboarding_idempotency, tenant},
    log::{Entry, Origin, snapshot},
    scope::TenantScope,
    table::Table,
    write::{Attempt, Authority, Change, Outcome},
};

/// An organization that signs up, with its first admin.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct NewOrganization {
    pub name: OrganizationName,
    pub subdomain: Subdomain,
    pub currency: Currency,
    pub admin_email: Email,
    pub admin_name: FullName,
    pub admin_hash: PasswordHash,
}

/// What signing up made.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct SignedUp {
    pub organization: Organization,
    pub admin: User,
}

/// What a subdomain's claim leads to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TenantClaim {
    pub(crate) organization: OrganizationId,
}

/// See [`crate::Store::organizations`].
#[derive(Debug, Clone, Copy)]
pub struct Organizations<'a> {
    table: &'a Table,
}

impl<'a> Organizations<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Self { table }
    }

    /// Signs an organization up.
    ///
    /// # Errors
    /// [`Conflict::DuplicateSubdomain`].
    pub async fn sign_up(
        &self,
        new: &NewOrganization,
        origin: &Origin,
        idempotency: Option<&IdempotencyKey>,
        present: impl Fn(&SignedUp) -> Vec<u8>,
    ) -> Result<Outcome<SignedUp>, StoreError> {
        let claim = tenant(new.subdomain.as_str());
        let partition = onboarding_idempotency(&new.subdomain);
        let decide = |attempt: &Attempt<'_>| {
            if attempt.find(&claim).is_some() {
                return Err(StoreError::Conflict(Conflict::DuplicateSubdomain));
            }
            let organization = Organization {
                id: attempt.id(),
                version: 1,
                name: new.name.clone(),
                subdomain: new.subdomain.clone(),
                currency: new.currency,
                status: OrganizationStatus::Active,
                created_at: attempt.now,
                updated_at: attempt.now,
            };
            let admin = User {
                id: attempt.id(),
                version: 1,
                email: new.admin_email.clone(),
                full_name: new.admin_name.clone(),
                role: Role::Admin,
                status: UserStatus::Active,
                created_at: attempt.now,
                updated_at: attempt.now,
            };
            let keys = OrganizationKeys(organization.id);
            let mut organization_item = with_data(&keys.organization(), &organization)?;
            Index::One.insert(&mut organization_item, directory(organization.id));
            let (user_item, credential_item) =
                user_items(keys, new.subdomain.as_str(), &admin, Some(new.admin_hash.clone()))?;
            let mut admins: Item = keys.admins().attributes();
            admins.insert("count".to_owned(), n(1));
            let by_admin = |entry: Entry| Entry { actor: Some(Person::from(&admin)), ..entry };
            let founded = by_admin(attempt.entry(
                Action::Create,
                (Entity::Organization, organization.id),
                (None, Some(snapshot(&organization)?)),
            ));
            let joined =
                by_admin(attempt.entry(Action::Create, (Entity::User, admin.id), (None, Some(snapshot(&admin)?))));
            let claim_item = with_attributes(&claim, &TenantClaim { organization: organization.id })?;
            Change::logged(
                SignedUp { organization: organization.clone(), admin: admin.clone() },
                organization.id,
                &founded,
            )?
            .and_log(organization.id, &joined)?
            .put(claim_item, &absent())?
            .put(organization_item, &absent())?
            .put(credential_item, &absent())?
            .put(user_item, &absent())?
            .put(admins, &absent())
        };
        let authority = Authority::Public { origin, idempotency: idempotency.map(|key| (partition.as_str(), key)) };
        self.table.write(authority, std::slice::from_ref(&claim), decide, present).await
    }

    /// The caller's own organization.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`].
    pub async fn own(&self, scope: &TenantScope) -> Result<Organization, StoreError> {
        Ok(self.table.verify(scope).await?.organization.clone())
    }

    /// The organization with that id, which is there for its own people alone.
    ///
    /// # Errors
    /// [`StoreError::NotFound`].
    pub async fn get(&self, scope: &TenantScope, id: OrganizationId) -> Result<Organization, StoreError> {
        let own = self.own(scope).await?;
        if own.id == id { Ok(own) } else { Err(StoreError::NotFound) }
    }
}
