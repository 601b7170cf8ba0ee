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
    /// The new values of a user.
    pub(crate) struct UserBody {
        /// The address with which the user signs in, unique in the organization. Case is ignored. Only ASCII before
        /// the `@`; a Unicode domain is stored in its ASCII form.
        #[example = "sam@northwind.example"]
        required email: Email,
        /// Full name, as other users see it.
        #[example = "Sam Smith"]
        required full_name: FullName,
        /// What the user may do. A new role takes effect on the user's next request.
        required role: Role,
        /// `DISABLED` ends all sessions of the user and prevents sign-in.
        required status: UserStatus,
        /// The caller's present password. Required to change your own address; ignored otherwise.
        #[example = "northwind-demo-2026"]
        optional current_password: String,
    }
}

request_body! {
    /// Members of a user to change.
    pub(crate) struct UserPatch {
        /// The address with which the user signs in, unique in the organization. Case is ignored. Only ASCII before
        /// the `@`; a Unicode domain is stored in its ASCII form.
        #[example = "sam@northwind.example"]
        change email: Email,
        /// Full name, as other users see it.
        #[example = "Sam Smith"]
        change full_name: FullName,
        /// What the user may do. A new role takes effect on the user's next request.
        change role: Role,
        /// `DISABLED` ends all sessions of the user and prevents sign-in.
        change status: UserStatus,
        /// The caller's present password. Required to change your own address; ignored otherwise.
        #[example = "northwind-demo-2026"]
        optional current_password: String,
    }
}

request_body! {
    /// Members of your own account to change.
    pub(crate) struct OwnPatch {
        /// Your new address. It takes effect when you confirm it by the mailed link.
        #[example = "sam.smith@northwind.example"]
        change email: Email,
        /// Your full name, as other users see it.
        #[example = "Sam Smith"]
        change full_name: FullName,
        /// The caller's present password. Required to change your own address; ignored otherwise.
        #[example = "northwind-demo-2026"]
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
