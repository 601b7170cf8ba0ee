//! Every HTTP function of the product, as deployed.

use serde_json::Value;
use stockroom_api::{App, Contract, Route, Routes, Routing, document};

use crate::gateway::Function;

fn routes<R: Routing>() -> [(&'static str, R); 12] {
    [
        ("audit-logs", stockroom_audit_logs::routes()),
        ("auth", stockroom_auth::routes()),
        ("console", stockroom_console::routes()),
        ("docs", stockroom_docs::routes()),
        ("events", stockroom_events::routes()),
        ("organizations", stockroom_organizations::routes()),
        ("products", stockroom_products::routes()),
        ("purchase-requests", stockroom_purchase_requests::routes()),
        ("stock-movements", stockroom_stock_movements::routes()),
        ("suppliers", stockroom_suppliers::routes()),
        ("users", stockroom_users::routes()),
        ("warehouses", stockroom_warehouses::routes()),
    ]
}

/// The functions, each with its router.
#[must_use]
pub fn all(app: &App) -> Vec<Function> {
    each(|_| app.clone())
}

/// The functions, each with the `App` that `app` makes for its name, like separate processes.
#[must_use]
pub fn each(mut app: impl FnMut(&'static str) -> App) -> Vec<Function> {
    let function = |(name, routes): (&'static str, Routes)| Function {
        name,
        routes: routes.table().iter().map(|route| (route.method.clone(), route.path.to_owned())).collect(),
        router: routes.into_router(&app(name)),
    };
    routes().into_iter().map(function).collect()
}

/// The route table of each function.
#[must_use]
pub fn tables() -> Vec<(&'static str, Vec<Route>)> {
    routes::<Routes>().into_iter().map(|(name, routes)| (name, routes.table().to_vec())).collect()
}

/// The descriptions of the operations, by function.
#[must_use]
pub fn contracts() -> Vec<(&'static str, Contract)> {
    routes().into()
}

/// The OpenAPI document. `functions/docs` has it as a file and so does not link the other functions.
///
/// # Errors
/// The first contradiction in the descriptions.
pub fn api_document() -> Result<Value, String> {
    document(env!("CARGO_PKG_VERSION"), &contracts())
}
