//! Permissions: a fixed table by role.

use crate::named::named_enum;

named_enum! {
    schema: Component "Role", "The role of a user. `MANAGER` includes the permissions of `STAFF`, `ADMIN` those of \
                               `MANAGER`.", "MANAGER";
    /// The role of a user in an organization. Each role includes the permissions of the roles before it.
    pub enum Role {
        /// Can read, and record stock.
        Staff = "STAFF",
        /// Can also maintain the catalogue and decide on purchase requests.
        Manager = "MANAGER",
        /// Can also manage users and the organization.
        Admin = "ADMIN",
    }
}

/// A permission that an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See and change one's own account.
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
    /// Add and change products, suppliers and warehouses.
    WriteCatalogue,
    /// Delete products, suppliers and warehouses.
    DeleteCatalogue,
    /// See levels and movements.
    ReadStock,
    /// Record movements.
    RecordStock,
    /// Create purchase requests, and see and change one's own.
    RequestPurchases,
    /// See and decide on all purchase requests.
    DecidePurchases,
    /// Delete all drafts of purchase requests.
    DeleteRequests,
    /// Read the audit log.
    ReadAuditLog,
    /// Read events, except for those whose owner is another user.
    ReadEvents,
    /// Also read the events of other owners.
    ReadEverybodysEvents,
}

impl Role {
    /// Whether the role has the permission.
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
