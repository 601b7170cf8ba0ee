//! JSON view of a user.

use schemars::JsonSchema;
use serde::Serialize;
use stockroom_api::{Answer, wire::UserView};
use stockroom_domain::{id::OrganizationId, text::Email};
use stockroom_store::UserProfile;

/// The user who is signed in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OwnUser")]
pub(crate) struct OwnUserView<'a> {
    #[serde(flatten)]
    user: UserView<'a>,
    /// The new address, which replaces `email` after its confirmation. Null if no change is pending.
    #[schemars(example = ())]
    #[schemars(example = &"sam.smith@northwind.example")]
    pending_email: Option<&'a Email>,
}

pub(crate) fn shown_to_oneself(organization: OrganizationId, profile: &UserProfile) -> Answer {
    let user = UserView::new(organization, &profile.user, profile.last_login_at);
    Answer::ok(&OwnUserView { user, pending_email: profile.pending_email.as_ref() }).version(profile.user.version)
}

pub(crate) fn shown(organization: OrganizationId, profile: &UserProfile) -> Answer {
    Answer::ok(&UserView::new(organization, &profile.user, profile.last_login_at)).version(profile.user.version)
}
