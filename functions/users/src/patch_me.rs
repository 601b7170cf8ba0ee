//! `PATCH /users/me`: change one's own name or address.

use stockroom_api::{Answer, ApiError, Body, FromBody, Object, Precondition, RequestStore, Scope};
use stockroom_domain::text::{Email, FullName};

use crate::view::shown;

pub(crate) struct Patch {
    email: Option<Email>,
    full_name: Option<FullName>,
}

impl FromBody for Patch {
    fn from_object(object: &mut Object<'_>) -> Option<Self> {
        let email = object.patch_required("email");
        let full_name = object.patch_required("full_name");
        Some(Self { email: email?, full_name: full_name? })
    }
}

pub(crate) async fn patch_me(
    store: RequestStore,
    scope: Scope,
    Precondition(version): Precondition,
    Body(patch): Body<Patch>,
) -> Result<Answer, ApiError> {
    let users = store.users(&scope);
    let profile = users.change_me(version, patch.email.as_ref(), patch.full_name.as_ref()).await?;
    Ok(shown(scope.claim().organization, &profile))
}
