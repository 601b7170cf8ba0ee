//! Users of an organization.

use stockroom_domain::{
    access::{Permission, Role},
    id::UserId,
    log::{Action, Entity},
    text::{Email, EmailLookup, FullName, SearchTerm},
    time::Timestamp,
    user::{User, UserStatus},
};

use crate::{
    dynamo::{
        expression::{absent, expression},
        item::{Item, data, encode, n, s},
        page::{Page, PageRequest},
        query::Query,
    },
    error::{Conflict, StoreError},
    people::{
        identity::{credentials, user_items, user_snapshot},
        invitation::Invitation,
        passwords::{NewPassword, token_state},
        user_changes::is_active_admin,
    },
    rate_limit::counter::Bucket,
    write::{
        Attempt, Authority, Change, Decision, LookedUp, Outcome,
        access::Table,
        scope::TenantScope,
        user_item::{last_login, pending_email},
    },
};

/// A new user.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub email: Email,
    pub full_name: FullName,
    pub role: Role,
    /// None for an invited user.
    pub password: Option<NewPassword>,
}

/// A user with data outside its version.
#[derive(Debug, Clone)]
pub struct UserProfile {
    pub user: User,
    pub last_login_at: Option<Timestamp>,
    /// The address that the user requested and has not confirmed yet.
    pub pending_email: Option<Email>,
}

/// Which users a list shows.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// With this role.
    pub role: Option<Role>,
    /// With this status.
    pub status: Option<UserStatus>,
    /// A part of the name or address; case does not matter.
    pub search: Option<SearchTerm>,
}

/// See [`crate::Store::users`].
#[derive(Debug, Clone, Copy)]
pub struct Users<'a> {
    pub(crate) table: &'a Table,
    pub(crate) scope: &'a TenantScope,
}

impl<'a> Users<'a> {
    pub(crate) fn new(table: &'a Table, scope: &'a TenantScope) -> Self {
        Self { table, scope }
    }

    /// The caller.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`].
    pub async fn me(&self) -> Result<UserProfile, StoreError> {
        let caller = self.table.verify(self.scope).await?;
        let pending_email = caller.pending_email.clone();
        Ok(UserProfile { user: caller.user.clone(), last_login_at: caller.last_login_at, pending_email })
    }

    /// One user: the caller, or any user with the permission.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Forbidden`] for existing and unknown users alike.
    pub async fn get(&self, id: UserId) -> Result<UserProfile, StoreError> {
        let key = self.scope.keys().user(id);
        let items = self.table.get_for(self.scope, std::slice::from_ref(&key)).await?;
        let caller = self.table.verify(self.scope).await?;
        if caller.user.id != id && !caller.user.role.may(Permission::ReadUsers) {
            return Err(StoreError::Forbidden);
        }
        profile(items.get(&key).ok_or(StoreError::NotFound)?)
    }

    /// A page of users, by age.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn list(&self, filter: &UserFilter, page: &PageRequest) -> Result<Page<UserProfile>, StoreError> {
        let mut query = Query::new(self.scope.keys().users(), 0);
        if let Some(role) = filter.role {
            query.filter = query.filter.and(expression("#data.#role = :role").with("role", s(role.name())));
        }
        if let Some(status) = filter.status {
            query.filter = query.filter.and(expression("#data.#status = :status").with("status", s(status.name())));
        }
        if let Some(search) = &filter.search {
            query.filter =
                query.filter.and(expression("contains(#search, :search)").with("search", s(search.search_folded())));
        }
        let found = self.table.beside_check(self.scope, self.table.page(query, page)).await?;
        found.try_map(|item| profile(&item))
    }

    /// Checks the caller and counts one more user against `limits`, unless the request has a stored response. The
    /// password for [`add`](Self::add) is hashed after that: only callers with the permission may cause that work.
    ///
    /// # Errors
    /// [`StoreError::Unauthenticated`], [`StoreError::Forbidden`], [`StoreError::IdempotencyKeyReused`],
    /// [`StoreError::TooMany`].
    pub async fn admit(&self, limits: Vec<Bucket>) -> Result<Outcome<LookedUp>, StoreError> {
        self.table.count_unless_stored(Authority::Tenant(self.scope), limits).await
    }

    /// Adds a user. A user without a password is invited: a second entry causes the mail with the link.
    ///
    /// # Errors
    /// [`StoreError::Rejected`] for a guessable `password`; [`Conflict::DuplicateEmail`].
    pub async fn add(
        &self,
        new: &NewUser,
        admitted: LookedUp,
        present: impl Fn(&UserProfile) -> Vec<u8>,
    ) -> Result<Outcome<UserProfile>, StoreError> {
        let keys = self.scope.keys();
        let decide = |attempt: &Attempt<'_>| -> Result<Decision<UserProfile>, StoreError> {
            let organization = &attempt.caller()?.organization;
            if let Some(given) = &new.password {
                given.check("password", &new.email, organization)?;
            }
            let claims = credentials(organization.subdomain.as_str(), &EmailLookup::from(&new.email));
            // The claim's condition guards it; it is read only after that failed.
            let guarded = usize::from(!attempt.is_repeated);
            if !claims.iter().skip(guarded).all(|claim| attempt.has_read(claim)) {
                return Ok(Decision::Read(claims));
            }
            if claims.iter().any(|claim| attempt.find(claim).is_some()) {
                return Err(StoreError::Conflict(Conflict::DuplicateEmail));
            }
            let user = User {
                id: attempt.id(),
                version: 1,
                email: new.email.clone(),
                full_name: new.full_name.clone(),
                role: new.role,
                status: UserStatus::Active,
                created_at: attempt.now,
                updated_at: attempt.now,
            };
            let hash = new.password.as_ref().map(|given| given.hash.clone());
            let (mut user_item, credential_item) = user_items(keys, organization.subdomain.as_str(), &user, hash)?;
            let entry = attempt.entry(Action::Create, (Entity::User, user.id), (None, Some(user_snapshot(&user)?)));
            let subject = (Entity::User, user.id);
            let mut entries = vec![entry];
            if new.password.is_none() {
                let invited = attempt.entry(Action::Invite, subject, (None, Some(token_state(0))));
                user_item.insert("invitation".to_owned(), encode(&Invitation::of(&invited, 0))?);
                entries.push(invited);
            }
            let profile = UserProfile { user, last_login_at: None, pending_email: None };
            let mut change = Change::logged_all(profile, organization.id, &entries)?
                .put(user_item, &absent())?
                .put(credential_item, &absent())?
                .check(&keys.user(self.scope.claim().user), &is_active_admin())?;
            if new.role == Role::Admin {
                let more = expression("ADD #count :one").with("one", n(1));
                change = change.update(&keys.admins(), &more, &expression("attribute_exists(#pk)"))?;
            }
            Ok(change.into())
        };
        self.table.write_looked_up(admitted, Authority::Tenant(self.scope), &[], decide, present).await
    }
}

fn profile(item: &Item) -> Result<UserProfile, StoreError> {
    Ok(UserProfile { user: data(item)?, last_login_at: last_login(item), pending_email: pending_email(item) })
}
