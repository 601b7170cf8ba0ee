//! What is to become of an organization, as it is sent.

use stockroom_api::{FromBody, Members};
use stockroom_store::OrganizationChange;

/// A whole organization, to replace.
pub(crate) struct OrganizationBody(pub(crate) OrganizationChange);

impl FromBody for OrganizationBody {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let name = object.required("name");
        // Without it the currency stays: a default would change the meaning of prices.
        let currency = object.optional("currency");
        Some(Self(OrganizationChange { name: Some(name?), currency: currency? }))
    }
}

/// What is to change of an organization.
pub(crate) struct OrganizationPatch(pub(crate) OrganizationChange);

impl FromBody for OrganizationPatch {
    fn from_object<M: Members>(object: &mut M) -> Option<Self> {
        let name = object.patch_required("name");
        let currency = object.patch_required("currency");
        Some(Self(OrganizationChange { name: name?, currency: currency? }))
    }
}
