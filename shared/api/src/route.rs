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
    contract::{Operation, OperationInput},
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
    /// The operation's name in the API's document, unique and in camel case, such as `createProduct`. Clients are generated from it.
    pub id: &'static str,
    /// The method; `HEAD` comes with `GET`.
    pub method: Method,
    /// The path, with `{id}` for an id.
    pub path: &'static str,
    /// What it needs.
    pub access: Access,
    pub(crate) takes_query: bool,
    /// Whether its response is stored for an idempotency key.
    pub(crate) stores_response: bool,
    /// Whether it is the token endpoint of OAuth 2.
    pub(crate) is_token_endpoint: bool,
}

impl Route {
    fn new(id: &'static str, method: Method, path: &'static str, access: Access) -> Self {
        Self { id, method, path, access, takes_query: false, stores_response: false, is_token_endpoint: false }
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
    fn add<T: OperationInput + 'static, H: Handler<T, App>>(
        self,
        route: Route,
        handler: H,
        describe: impl FnOnce(&mut Operation),
    ) -> Self;

    /// A read without parameters.
    #[must_use]
    fn get<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(id, Method::GET, path, access), handler, describe)
    }

    /// A read with query parameters.
    #[must_use]
    fn query<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        let route = Route { takes_query: true, ..Route::new(id, Method::GET, path, access) };
        self.add(route, handler, describe)
    }

    /// A `POST` that stores its response for an idempotency key: a repeat with the key gets the response again.
    #[must_use]
    fn idempotent_post<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        let route = Route { stores_response: true, ..Route::new(id, Method::POST, path, access) };
        self.add(route, handler, describe)
    }

    /// A `POST` that stores no response: it takes no idempotency key.
    #[must_use]
    fn post<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(id, Method::POST, path, access), handler, describe)
    }

    /// The token endpoint of OAuth 2 (RFC 6749, 3.2): a public `POST` whose problems have an `error` for its clients.
    #[must_use]
    fn token_endpoint<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        let route = Route { is_token_endpoint: true, ..Route::new(id, Method::POST, path, Access::Public) };
        self.add(route, handler, describe)
    }

    /// A replacement.
    #[must_use]
    fn put<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(id, Method::PUT, path, access), handler, describe)
    }

    /// A merge patch.
    #[must_use]
    fn patch<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(id, Method::PATCH, path, access), handler, describe)
    }

    /// A deletion.
    #[must_use]
    fn delete<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add(Route::new(id, Method::DELETE, path, access), handler, describe)
    }

    /// A deletion with query parameters.
    #[must_use]
    fn delete_query<T: OperationInput + 'static>(
        self,
        id: &'static str,
        path: &'static str,
        access: Access,
        handler: impl Handler<T, App>,
        describe: impl FnOnce(&mut Operation),
    ) -> Self {
        let route = Route { takes_query: true, ..Route::new(id, Method::DELETE, path, access) };
        self.add(route, handler, describe)
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

    fn add<T: OperationInput + 'static, H: Handler<T, App>>(
        mut self,
        route: Route,
        handler: H,
        _describe: impl FnOnce(&mut Operation),
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
