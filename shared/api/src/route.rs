//! A function's operations, each with its method, its path and what it needs of its caller: the table from which the
//! router and the API's document are made, and against which the tests check themselves.

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
    contract::{Asks, Operation},
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
    /// Whether it is the token endpoint of OAuth 2.
    pub(crate) gives_tokens: bool,
}

impl Route {
    fn new(method: Method, path: &'static str, access: Access, takes_query: bool) -> Self {
        let keeps_answer = method == Method::POST && !path.starts_with("/api/v1/auth/");
        Self { method, path, access, takes_query, keeps_answer, gives_tokens: false }
    }
}

/// A function's route table, made into what it is for: a router ([`Routes`]), or what its operations say of themselves
/// ([`Contract`](crate::Contract)).
pub trait Routing: Sized {
    /// None yet.
    #[must_use]
    fn new() -> Self;

    /// One operation more: what answers it, and what it says of itself.
    #[must_use]
    fn add<T: Asks + 'static, H: Handler<T, App>>(
        self,
        route: Route,
        handler: H,
        contract: impl FnOnce(&mut Operation),
    ) -> Self;

    /// A read without parameters.
    #[must_use]
    fn get<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::GET, path, access, false), handler, contract)
    }

    /// A read with query parameters.
    #[must_use]
    fn query<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::GET, path, access, true), handler, contract)
    }

    /// A `POST`; it honours idempotency keys, unless it is about signing in.
    #[must_use]
    fn post<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::POST, path, access, false), handler, contract)
    }

    /// The token endpoint of OAuth 2 (RFC 6749, 3.2): a public `POST` whose problems have an `error` for its clients.
    #[must_use]
    fn token_endpoint<T: Asks + 'static>(
        self,
        path: &'static str,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        let route = Route { gives_tokens: true, ..Route::new(Method::POST, path, Access::Public, false) };
        self.add(route, handler, contract)
    }

    /// A replacement.
    #[must_use]
    fn put<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::PUT, path, access, false), handler, contract)
    }

    /// A merge patch.
    #[must_use]
    fn patch<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::PATCH, path, access, false), handler, contract)
    }

    /// A deletion.
    #[must_use]
    fn delete<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::DELETE, path, access, false), handler, contract)
    }

    /// A deletion with query parameters.
    #[must_use]
    fn delete_query<T: Asks + 'static>(
        self,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        contract: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(Method::DELETE, path, access, true), handler, contract)
    }
}

/// The operations of a function, as they are answered.
#[derive(Debug)]
pub struct Routes {
    table: Vec<Route>,
    router: Router<App>,
}

impl Routing for Routes {
    fn new() -> Self {
        Self { table: Vec::new(), router: Router::new() }
    }

    fn add<T: Asks + 'static, H: Handler<T, App>>(
        mut self,
        route: Route,
        handler: H,
        _contract: impl FnOnce(&mut Operation),
    ) -> Self {
        let filter = MethodFilter::try_from(route.method.clone()).unwrap_or(MethodFilter::GET);
        self.router = self.router.route(route.path, on(filter, handler));
        self.table.push(route);
        self
    }
}

impl Routes {
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
