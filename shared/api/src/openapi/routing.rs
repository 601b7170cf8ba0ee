//! The route table of a function, generic over its use: a router, or the OpenAPI document.

use axum::handler::Handler;
use http::Method;

use crate::{
    http::{
        app::App,
        route::{Access, Route},
    },
    openapi::{input::OperationInput, operation::Operation},
};

/// A function's route table: built as a router ([`Routes`](crate::Routes)), or as the descriptions of its operations
/// ([`Contract`](crate::Contract)).
pub trait Routing: Sized {
    /// An empty table.
    #[must_use]
    fn new() -> Self;

    /// Adds an operation: its handler and its `describe`.
    #[must_use]
    fn add<T: OperationInput + 'static, H: Handler<T, App>>(
        self,
        route: Route,
        handler: H,
        describe: impl FnOnce(&mut Operation),
    ) -> Self;

    /// Adds a web page or the target of a form. The OpenAPI document omits both.
    #[must_use]
    fn add_page<T: 'static, H: Handler<T, App>>(self, route: Route, handler: H) -> Self;

    /// A web page, or a file of one. It may have a query.
    #[must_use]
    fn page<T: 'static>(self, id: &'static str, path: &'static str, handler: impl Handler<T, App>) -> Self {
        let route = Route { has_query: true, is_page: true, ..Route::new(id, Method::GET, path, Access::Public) };
        self.add_page(route, handler)
    }

    /// The target of the form on `page`. It may have a query. After a problem, the edge redirects to the page, with the
    /// query and the code of the problem.
    #[must_use]
    fn form<T: 'static>(
        self,
        id: &'static str,
        path: &'static str,
        page: &'static str,
        handler: impl Handler<T, App>,
    ) -> Self {
        let route = Route::new(id, Method::POST, path, Access::Public);
        self.add_page(Route { has_query: true, is_page: true, form_of: Some(page), ..route }, handler)
    }

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
        let route = Route { has_query: true, ..Route::new(id, Method::GET, path, access) };
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
        let route = Route { has_query: true, ..Route::new(id, Method::DELETE, path, access) };
        self.add(route, handler, describe)
    }
}
