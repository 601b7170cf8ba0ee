//! The vocabulary of the log: actions, and kinds of changed entities.

use crate::named::named_enum;

named_enum! {
    schema: Component "Entity", "The type of the changed resource.", "Product";
    /// The kind of entity that an entry of the log is about.
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
    schema: Component "Action",
    "What happened: a change of a resource, a step of a purchase request, a stock movement, or an event of an account, \
     such as `LOGIN_FAILED`. `TOKEN_REUSED` means that an old refresh token was sent again and its session was ended.",
    "CREATE";
    /// The action of an entry.
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
        /// An order, or some of its lines, was closed before everything had arrived.
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
        /// A user requested another address of their own; a link confirms it.
        EmailChangeRequested = "EMAIL_CHANGE_REQUESTED",
        /// A user cancelled the requested address.
        EmailChangeCancelled = "EMAIL_CHANGE_CANCELLED",
        /// The address of a user changed; follows the `UPDATE` and causes the notice.
        EmailChanged = "EMAIL_CHANGED",
        /// The admin of the sign-up needs a link that confirms the address.
        Welcome = "WELCOME",
        /// An admin confirmed an address: from now on the organization can send mail to its other users.
        OrganizationConfirmed = "ORGANIZATION_CONFIRMED",
    }
}
