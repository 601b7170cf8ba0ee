//! Who may do what: a fixed table of permissions by role.

use crate::named::named_enum;

named_enum! {
    schema: Component "Role", "The role of a user. `MANAGER` includes the permissions of `STAFF`, `ADMIN` those of \
                               `MANAGER`.";
    /// The role of a user in an organization. Each includes the permissions of the roles before it.
    pub enum Role {
        /// Reads, and records stock.
        Staff = "STAFF",
        /// Also maintains the catalogue and decides on purchase requests.
        Manager = "MANAGER",
        /// Also manages users and the organization.
        Admin = "ADMIN",
    }
}

/// A permission that an operation requires.
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
    /// See and decide on all requests.
    DecidePurchases,
    /// Delete all drafts.
    DeleteRequests,
    /// Read the audit log.
    ReadAuditLog,
    /// Read events, except for those whose owner is another user.
    ReadEvents,
    /// Read the events of other owners, too.
    ReadEverybodysEvents,
}

impl Role {
    /// Whether a user of this role has the permission.
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
