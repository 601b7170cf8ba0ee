//! Every function of the product, as it is deployed.

use stockroom_api::{App, Route, Routes};

use crate::gateway::Function;

fn routes() -> [(&'static str, Routes); 11] {
    [
        ("audit-logs", stockroom_audit_logs::routes()),
        ("auth", stockroom_auth::routes()),
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

/// The functions, each with what this makes for its name: as processes of their own have it.
#[must_use]
pub fn each(mut app: impl FnMut(&'static str) -> App) -> Vec<Function> {
    let function = |(name, routes): (&'static str, Routes)| Function {
        name,
        routes: routes.table().iter().map(|route| (route.method.clone(), route.path.to_owned())).collect(),
        router: routes.into_router(&app(name)),
    };
    routes().into_iter().map(function).collect()
}

/// What each function answers.
#[must_use]
pub fn tables() -> Vec<(&'static str, Vec<Route>)> {
    routes().into_iter().map(|(name, routes)| (name, routes.table().to_vec())).collect()
}
