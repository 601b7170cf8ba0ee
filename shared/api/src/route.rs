//! A function's operations, each with its method, its path and what it needs of its caller: the table from which the
//! router is made and against which the tests check themselves.

use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, on},
};
use http::Method;
use stockroom_domain::access::Permission;

use crate::{
    app::App,
    edge::{cors, edge},
    gate::{Gate, gate},
    problem::ApiError,
};

/// What an operation needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing.
    Public,
    /// A valid access token of a user whose role has the permission.
    Permitted(Permission),
    /// A valid access token of the very user that the path names, whatever the role; about others, the permission.
    SelfOr(Permission),
}

impl Access {
    /// What it needs of a caller, who is or is not the user that the path names; `None` where it needs no caller.
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
pub struct Route {
    /// The method; `HEAD` comes with `GET`.
    pub method: Method,
    /// The path, with `{id}` for an id.
    pub path: &'static str,
    /// What it needs.
    pub access: Access,
    pub(crate) takes_query: bool,
    pub(crate) keeps_answer: bool,
}

/// The operations of a function.
#[derive(Debug, Default)]
pub struct Routes {
    table: Vec<Route>,
    router: Router<App>,
}

impl Routes {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A read without parameters.
    #[must_use]
    pub fn get<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::GET, path, access, false, handler)
    }

    /// A read with query parameters.
    #[must_use]
    pub fn query<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::GET, path, access, true, handler)
    }

    /// A `POST`; it honours idempotency keys, unless it is about signing in.
    #[must_use]
    pub fn post<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::POST, path, access, false, handler)
    }

    /// A replacement.
    #[must_use]
    pub fn put<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::PUT, path, access, false, handler)
    }

    /// A merge patch.
    #[must_use]
    pub fn patch<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::PATCH, path, access, false, handler)
    }

    /// A deletion.
    #[must_use]
    pub fn delete<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::DELETE, path, access, false, handler)
    }

    /// A deletion with query parameters.
    #[must_use]
    pub fn delete_query<T: 'static>(self, path: &'static str, access: Access, handler: impl Handler<T, App>) -> Self {
        self.add(Method::DELETE, path, access, true, handler)
    }

    fn add<T: 'static>(
        mut self,
        method: Method,
        path: &'static str,
        access: Access,
        takes_query: bool,
        handler: impl Handler<T, App>,
    ) -> Self {
        let filter = MethodFilter::try_from(method.clone()).unwrap_or(MethodFilter::GET);
        let keeps_answer = method == Method::POST && !path.starts_with("/api/v1/auth/");
        self.router = self.router.route(path, on(filter, handler));
        self.table.push(Route { method, path, access, takes_query, keeps_answer });
        self
    }

    /// The operations, in the order in which they were added.
    #[must_use]
    pub fn table(&self) -> &[Route] {
        &self.table
    }

    /// The function's router: what `lambda_http` drives.
    pub fn into_router(self, app: &App) -> Router {
        let gate_state = Gate::new(app.clone(), &self.table);
        self.router
            .layer(from_fn_with_state(gate_state, gate))
            .fallback(async || ApiError::RouteNotFound)
            .method_not_allowed_fallback(async || ApiError::MethodNotAllowed)
            .layer(cors(app.cors_origins()))
            .layer(from_fn_with_state(app.clone(), edge))
            .with_state(app.clone())
    }
}
