//! Who may do what: a fixed table of permissions by role.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// What a user is in an organization; each includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Reads, and records stock.
    Staff,
    /// Keeps the catalogue, too.
    Manager,
    /// Runs the organization, too.
    Admin,
}

crate::schema::has_schema!(named Role, {
    let about = "What a user is in an organization; each may do what those before it may.";
    crate::schema::words(about, [Role::Staff, Role::Manager, Role::Admin].map(Role::name))
});

/// What an operation asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Look at and keep one's own account.
    UseOwnAccount,
    /// See the organization.
    ReadOrganization,
    /// Change the organization, or end it.
    ManageOrganization,
    /// See any user.
    ReadUsers,
    /// List users; add, change and delete them.
    ManageUsers,
    /// See products, suppliers and warehouses.
    ReadCatalogue,
    /// Add and change them.
    WriteCatalogue,
    /// Delete them.
    DeleteCatalogue,
    /// See levels and movements.
    ReadStock,
    /// Record movements.
    RecordStock,
    /// Ask to buy, and see and change one's own requests.
    RequestPurchases,
    /// See and decide on everybody's requests.
    DecidePurchases,
    /// Delete anybody's drafts.
    DeleteRequests,
    /// See every entry of the log.
    ReadAuditLog,
    /// Follow what happens, as far as it is everybody's business or one's own.
    ReadEvents,
    /// Follow what is another's business, too.
    ReadEverybodysEvents,
}

impl Role {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Staff => "STAFF",
            Self::Manager => "MANAGER",
            Self::Admin => "ADMIN",
        }
    }

    /// Whether someone of this role may do it.
    #[must_use]
    pub fn may(self, permission: Permission) -> bool {
        let least = match permission {
            Permission::UseOwnAccount
            | Permission::ReadOrganization
            | Permission::ReadCatalogue
            | Permission::ReadStock
            | Permission::RecordStock
            | Permission::RequestPurchases
            | Permission::ReadEvents => Self::Staff,
            Permission::ReadUsers
            | Permission::WriteCatalogue
            | Permission::DecidePurchases
            | Permission::ReadEverybodysEvents => Self::Manager,
            Permission::ManageOrganization
            | Permission::ManageUsers
            | Permission::DeleteCatalogue
            | Permission::DeleteRequests
            | Permission::ReadAuditLog => Self::Admin,
        };
        self >= least
    }
}

impl std::str::FromStr for Role {
    type Err = Fault;

    fn from_str(name: &str) -> Result<Self, Fault> {
        [Self::Staff, Self::Manager, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or_else(|| Fault::new("unknown_value", "must be one of ADMIN, MANAGER, STAFF"))
    }
}
