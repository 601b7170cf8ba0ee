//! How values of the domain are written in JSON where that differs from how they are kept.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use stockroom_domain::{
    id::{OrganizationId, UserId},
    quantity::Quantity,
    text::{Email, FullName},
    time::Timestamp,
    user::{Person, User},
};

/// A quantity as a JSON number, digit by digit and never through a binary float.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub Quantity);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl From<Quantity> for Number {
    fn from(quantity: Quantity) -> Self {
        Self(quantity)
    }
}

/// A person beside what they did.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct PersonView<'a> {
    pub id: UserId,
    pub full_name: &'a FullName,
}

impl<'a> From<&'a Person> for PersonView<'a> {
    fn from(person: &'a Person) -> Self {
        Self { id: person.id, full_name: &person.full_name }
    }
}

/// A user as it is shown.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it all")]
pub struct UserView<'a> {
    pub id: UserId,
    pub org_id: OrganizationId,
    pub version: u64,
    pub email: &'a Email,
    pub full_name: &'a FullName,
    pub role: &'static str,
    pub status: &'static str,
    pub last_login_at: Option<Timestamp>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl<'a> UserView<'a> {
    /// A user of an organization, and when it signed in last.
    #[must_use]
    pub fn new(organization: OrganizationId, user: &'a User, last_login_at: Option<Timestamp>) -> Self {
        Self {
            id: user.id,
            org_id: organization,
            version: user.version,
            email: &user.email,
            full_name: &user.full_name,
            role: user.role.name(),
            status: user.status.name(),
            last_login_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}
