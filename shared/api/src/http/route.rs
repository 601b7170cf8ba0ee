//! An operation as a row of the route table: id, method, path and required permission.

use http::Method;
use stockroom_domain::access::Permission;

/// The requirement of an operation on its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A valid access token of a user whose role has the permission.
    Permitted(Permission),
    /// A valid access token: of the user in the path with any role, of others with the permission.
    SelfOr(Permission),
}

impl Access {
    /// The permission that the caller needs; `is_self` says whether the path names the caller. `None` on a public
    /// route.
    pub(crate) fn permission(self, is_self: bool) -> Option<Permission> {
        match self {
            Self::Public => None,
            Self::SelfOr(_) if is_self => Some(Permission::UseOwnAccount),
            Self::Permitted(permission) | Self::SelfOr(permission) => Some(permission),
        }
    }
}

/// One operation.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "independent properties of a route, each named where it is set")]
pub struct Route {
    /// The operation's id in the OpenAPI document, unique and in camel case, such as `createProduct`. Generated clients
    /// use it.
    pub id: &'static str,
    /// The method; `HEAD` comes with `GET`.
    pub method: Method,
    /// The path, with `{id}` for an id.
    pub path: &'static str,
    /// The requirement on the caller.
    pub access: Access,
    pub(crate) has_query: bool,
    /// Whether its response is stored for an idempotency key.
    pub(crate) stores_response: bool,
    /// Whether it is the token endpoint of OAuth 2.
    pub(crate) is_token_endpoint: bool,
    /// Whether it is a web page or the target of a page's form. The OpenAPI document has neither.
    pub is_page: bool,
    /// The page of the form that it receives. After a problem, the browser returns to this page.
    pub(crate) form_of: Option<&'static str>,
}

impl Route {
    pub(crate) fn new(id: &'static str, method: Method, path: &'static str, access: Access) -> Self {
        Self {
            id,
            method,
            path,
            access,
            has_query: false,
            stores_response: false,
            is_token_endpoint: false,
            is_page: false,
            form_of: None,
        }
    }
}
