//! The answer that shows one user.

use stockroom_api::{Answer, wire::UserView};
use stockroom_domain::id::OrganizationId;
use stockroom_store::UserProfile;

pub(crate) fn shown(organization: OrganizationId, profile: &UserProfile) -> Answer {
    Answer::ok(&UserView::new(organization, &profile.user, profile.last_login_at)).version(profile.user.version)
}
