//! The words of the log: actions, and the kinds of things they change.

use crate::named::named_enum;

named_enum! {
    schema: Component "Entity", "The type of the resource.";
    /// A kind of thing that an entry of the log is about.
    pub enum Entity {
        Organization = "Organization",
        User = "User",
        Product = "Product",
        Supplier = "Supplier",
        Warehouse = "Warehouse",
        StockMovement = "StockMovement",
        PurchaseRequest = "PurchaseRequest",
    }
}

named_enum! {
    schema: Component "Action", "The action.";
    /// What was done.
    pub enum Action {
        Create = "CREATE",
        Update = "UPDATE",
        Delete = "DELETE",
        StockIn = "STOCK_IN",
        StockOut = "STOCK_OUT",
        StockTransfer = "STOCK_TRANSFER",
        StockAdjustment = "STOCK_ADJUSTMENT",
        Submit = "SUBMIT",
        Approve = "APPROVE",
        Reject = "REJECT",
        MarkOrdered = "MARK_ORDERED",
        Receive = "RECEIVE",
        Cancel = "CANCEL",
        /// An order, or some of its lines, was closed short.
        Close = "CLOSE",
        Login = "LOGIN",
        LoginFailed = "LOGIN_FAILED",
        Logout = "LOGOUT",
        /// A refresh token was used a second time; the session was ended.
        TokenReused = "TOKEN_REUSED",
        /// A user was added without a password; an invitation follows.
        Invite = "INVITE",
        PasswordChanged = "PASSWORD_CHANGED",
        /// A reset link was requested; without an entity if no account has the address.
        PasswordResetRequested = "PASSWORD_RESET_REQUESTED",
        PasswordReset = "PASSWORD_RESET",
        /// A user asked for another address of their own and is to confirm it by a link.
        EmailChangeRequested = "EMAIL_CHANGE_REQUESTED",
        /// A user no longer wants the address that waits for its confirmation.
        EmailChangeCancelled = "EMAIL_CHANGE_CANCELLED",
        /// A user has another address; follows the `UPDATE` and causes the notice.
        EmailChanged = "EMAIL_CHANGED",
        /// The admin who signed the organization up is to be sent a link that confirms their address.
        Welcome = "WELCOME",
        /// An admin proved to read mail at their address: from now on the organization sends mail to its other users.
        OrganizationConfirmed = "ORGANIZATION_CONFIRMED",
    }
}
