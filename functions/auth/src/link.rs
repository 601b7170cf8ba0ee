//! The use of a mailed link, by a program or by the form of a page.

use axum::{RequestPartsExt as _, extract::FromRequestParts};
use http::request::Parts;
use stockroom_api::{
    ApiError, App, Attempt, Attempts, NamedTenant, Operation, OperationInput, RequestContext, RequestStore, password,
};
use stockroom_domain::{organization::Subdomain, user::Password};
use stockroom_runtime::Link;
use stockroom_store::{Account, CountedAttempt};

/// The inputs of every use of a link, apart from its token.
pub(crate) struct LinkUse {
    app: App,
    store: RequestStore,
    context: RequestContext,
    attempts: Attempts,
    named_tenant: Option<String>,
}

impl FromRequestParts<App> for LinkUse {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let NamedTenant(named_tenant) = parts.extract_with_state(app).await?;
        Ok(Self {
            app: app.clone(),
            store: parts.extract_with_state(app).await?,
            context: parts.extract_with_state(app).await?,
            attempts: parts.extract_with_state(app).await?,
            named_tenant,
        })
    }
}

impl OperationInput for LinkUse {
    fn describe(operation: &mut Operation) {
        Attempts::describe(operation);
        NamedTenant::describe(operation);
    }
}

impl LinkUse {
    /// Sets the password of the link's account and ends its sessions. Returns the tenant where its user signs in.
    ///
    /// # Errors
    /// [`ApiError::InvalidToken`] for an invalid link; a validation error for a guessable password; 429.
    pub(crate) async fn set_password(&self, token: &str, new: Password) -> Result<Subdomain, ApiError> {
        let link = self.link(token)?.filter(|link| link.purpose.sets_password());
        let (account, (counted, attempt)) = self.attempt(link, token).await?;
        let passwords = self.store.passwords();
        let linked = passwords.linked(counted, account, self.named_tenant.as_deref()).await?;
        let linked = linked.ok_or(ApiError::InvalidToken)?;
        let clearance = attempt.clear().await?;
        let new = password::hash(&self.app, &clearance, new).await?;
        if !passwords.reset(&linked, &new, &self.context.origin()).await? {
            return Err(ApiError::InvalidToken);
        }
        Ok(linked.tenant)
    }

    /// Confirms the address that the link was mailed to. Returns the tenant where its user signs in. A repeated use
    /// changes nothing.
    ///
    /// # Errors
    /// [`ApiError::InvalidToken`] for an invalid link; `duplicate_email` if another user has the address; 429.
    pub(crate) async fn confirm_address(&self, token: &str) -> Result<Subdomain, ApiError> {
        let link = self.link(token)?.filter(|link| !link.purpose.sets_password());
        let event = link.and_then(|link| link.event);
        let (account, (counted, _)) = self.attempt(link, token).await?;
        let (addresses, origin) = (self.store.addresses(), self.context.origin());
        let tenant = addresses.confirm(counted, account, event, self.named_tenant.as_deref(), &origin).await?;
        tenant.ok_or(ApiError::InvalidToken)
    }

    fn link(&self, token: &str) -> Result<Option<Link>, ApiError> {
        Ok(self.app.links()?.verify(token, self.app.sources().now()))
    }

    /// Counts a use of a link for its account, or for the text of an invalid token.
    async fn attempt(
        &self,
        link: Option<Link>,
        token: &str,
    ) -> Result<(Account, (CountedAttempt, Attempt<'_>)), ApiError> {
        let Some(Link { account, .. }) = link else {
            let _counted = self.attempts.at_account("", token).await?;
            return Err(ApiError::InvalidToken);
        };
        let attempt = self.attempts.at_account(&account.organization.to_string(), &account.user.to_string()).await?;
        Ok((account, attempt))
    }
}
