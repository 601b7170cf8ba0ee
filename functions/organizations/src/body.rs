//! Request bodies for organizations.

use stockroom_api::request_body;
use stockroom_domain::{organization::Currency, text::OrganizationName};
use stockroom_store::OrganizationChange;

request_body! {
    /// The new values of an organization. Without `currency` the currency stays: a default would change all prices.
    pub(crate) struct OrganizationBody {
        required name: OrganizationName,
        /// Currency of all prices (ISO 4217). It cannot change while purchase requests have prices: 409 `in_use`. If
        /// absent, it stays unchanged.
        #[example = "EUR"]
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
        /// The new name. Null is an error.
        change name: OrganizationName,
        /// Currency of all prices (ISO 4217). It cannot change while purchase requests have prices: 409 `in_use`. Null
        /// is an error.
        #[example = "EUR"]
        change currency: Currency,
    }
}
