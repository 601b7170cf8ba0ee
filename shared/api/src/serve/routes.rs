//! The route table as a router.

use axum::{
    Router,
    handler::Handler,
    middleware::from_fn_with_state,
    routing::{MethodFilter, on},
};

use crate::{
    http::{
        app::App,
        edge::{cors, edge},
        gate::{Gate, gate},
        route::Route,
    },
    openapi::{input::OperationInput, operation::Operation, routing::Routing},
    problem::ApiError,
};

/// The operations of a function with their handlers.
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
        self,
        route: Route,
        handler: H,
        _describe: impl FnOnce(&mut Operation),
    ) -> Self {
        self.add_page(route, handler)
    }

    fn add_page<T: 'static, H: Handler<T, App>>(mut self, route: Route, handler: H) -> Self {
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

    /// The function's router, which `lambda_http` runs.
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
