//! Request bodies for organizations.

use stockroom_api::request_body;
use stockroom_domain::{organization::Currency, text::OrganizationName};
use stockroom_store::OrganizationChange;

request_body! {
    /// An organization to replace. Without `currency` it stays: a default would change the meaning of prices.
    pub(crate) struct OrganizationBody {
        required name: OrganizationName,
        optional currency: Currency,
    }
}

impl From<OrganizationBody> for OrganizationChange {
    fn from(OrganizationBody { name, currency }: OrganizationBody) -> Self {
        Self { name: Some(name), currency }
    }
}

request_body! {
    /// Members of an organization to change.
    pub(crate) struct OrganizationPatch(OrganizationChange) {
        change name: OrganizationName,
        change currency: Currency,
    }
}
