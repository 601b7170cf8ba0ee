//! Bodies of changes of a user.

use stockroom_api::{FromBody, Members};
use stockroom_store::UserChange;

/// A change of a user, and the password that shows that another own address is wanted by the user.
pub(crate) struct Change {
    pub(crate) change: UserChange,
    /// Any text: passwords may have been set under other rules.
    pub(crate) current_password: Option<String>,
}

/// A whole user, to replace.
pub(crate) struct UserBody(pub(crate) Change);

impl FromBody for UserBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.required("email");
        let full_name = object.required("full_name");
        let role = object.required("role");
        let status = object.required("status");
        let current_password = object.optional("current_password");
        let change =
            UserChange { email: Some(email?), full_name: Some(full_name?), role: Some(role?), status: Some(status?) };
        Some(Self(Change { change, current_password: current_password? }))
    }
}

/// A change of some members of a user.
pub(crate) struct UserPatch(pub(crate) Change);

impl FromBody for UserPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.patch_required("email");
        let full_name = object.patch_required("full_name");
        let role = object.patch_required("role");
        let status = object.patch_required("status");
        let current_password = object.optional("current_password");
        let change = UserChange { email: email?, full_name: full_name?, role: role?, status: status? };
        Some(Self(Change { change, current_password: current_password? }))
    }
}

/// A change of some members of oneself.
pub(crate) struct OwnPatch(pub(crate) Change);

impl FromBody for OwnPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let email = object.patch_required("email");
        let full_name = object.patch_required("full_name");
        let current_password = object.optional("current_password");
        let change = UserChange { email: email?, full_name: full_name?, ..UserChange::default() };
        Some(Self(Change { change, current_password: current_password? }))
    }
}
