//! What is to become of a user, as it is sent.

use stockroom_api::{FromBody, Members};
use stockroom_domain::user::UserStatus;
use stockroom_store::UserChange;

/// A whole user, to replace.
pub(crate) struct UserBody(pub(crate) UserChange);

impl FromBody for UserBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.required("email");
        let full_name = object.required("full_name");
        let role = object.required("role");
        let status = object.or("status", UserStatus::Active);
        Some(Self(UserChange {
            email: Some(email?),
            full_name: Some(full_name?),
            role: Some(role?),
            status: Some(status?),
        }))
    }
}

/// What is to change of a user.
pub(crate) struct UserPatch(pub(crate) UserChange);

impl FromBody for UserPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.patch_required("email");
        let full_name = object.patch_required("full_name");
        let role = object.patch_required("role");
        let status = object.patch("status");
        Some(Self(UserChange {
            email: email?,
            full_name: full_name?,
            role: role?,
            status: status?.set(UserStatus::Active),
        }))
    }
}

/// What is to change of oneself.
pub(crate) struct OwnPatch(pub(crate) UserChange);

impl FromBody for OwnPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.patch_required("email");
        let full_name = object.patch_required("full_name");
        Some(Self(UserChange { email: email?, full_name: full_name?, ..UserChange::default() }))
    }
}
