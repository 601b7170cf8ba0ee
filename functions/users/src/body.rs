//! Request bodies for changes of a user.

use stockroom_api::request_body;
use stockroom_domain::{
    access::Role,
    text::{Email, FullName},
    user::UserStatus,
};
use stockroom_store::UserChange;

/// A change of a user, with the password that another own address requires.
pub(crate) struct Change {
    pub(crate) change: UserChange,
    /// Any text: passwords may have been set under other rules.
    pub(crate) current_password: Option<String>,
}

request_body! {
    /// A user to replace.
    pub(crate) struct UserBody {
        required email: Email,
        required full_name: FullName,
        required role: Role,
        required status: UserStatus,
        /// Required to change your own address; ignored otherwise.
        optional current_password: String,
    }
}

request_body! {
    /// Members of a user to change.
    pub(crate) struct UserPatch {
        change email: Email,
        change full_name: FullName,
        change role: Role,
        change status: UserStatus,
        /// Required to change your own address; ignored otherwise.
        optional current_password: String,
    }
}

request_body! {
    /// Members of the caller's own account to change.
    pub(crate) struct OwnPatch {
        change email: Email,
        change full_name: FullName,
        /// Required to change your own address; ignored otherwise.
        optional current_password: String,
    }
}

impl From<UserBody> for Change {
    fn from(body: UserBody) -> Self {
        let UserBody { email, full_name, role, status, current_password } = body;
        let change =
            UserChange { email: Some(email), full_name: Some(full_name), role: Some(role), status: Some(status) };
        Self { change, current_password }
    }
}

impl From<UserPatch> for Change {
    fn from(UserPatch { email, full_name, role, status, current_password }: UserPatch) -> Self {
        Self { change: UserChange { email, full_name, role, status }, current_password }
    }
}

impl From<OwnPatch> for Change {
    fn from(OwnPatch { email, full_name, current_password }: OwnPatch) -> Self {
        Self { change: UserChange { email, full_name, ..UserChange::default() }, current_password }
    }
}
