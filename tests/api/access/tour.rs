//! Every caller sends every operation, with faults in between: the accesses of every function.

use http::Method;
use stockroom_harness::{Fault, PASSWORD, Stack};

use super::{
    operations::{operations, samples},
    world::World,
};

/// Sends every sample of every operation as each user of acme and without a token, and as the admin again with writes
/// that conflict or lose their replies.
pub(crate) async fn everything(stack: &Stack) {
    let mut world = World::on(stack.clone()).await;
    // Refused logins without a sample: the account is disabled, or the tenant is unknown.
    world.disabled().await;
    let visitor = world.anonymous().client;
    for tenant in ["acme", "nowhere"] {
        visitor.with_tenant(tenant).log_in("disabled@acme.example", PASSWORD).await.expect(401);
    }
    let [staff, manager, admin] = world.members();
    for caller in [world.anonymous(), staff, manager, admin] {
        for route in operations() {
            for sample in samples(&route, &caller) {
                let all = [None, Some(Fault::Conflict), Some(Fault::RefuseAfter)];
                for fault in if caller.name == "admin" { &all[..] } else { &all[..1] } {
                    if let Some(fault) = *fault {
                        stack.faults().next(fault, "TransactWriteItems", 2);
                    }
                    let request = sample.by(&caller.client);
                    let is_kept = route.method == Method::POST && !route.path.starts_with("/api/v1/auth/");
                    let request = if is_kept && fault.is_some() { request.key("tour") } else { request };
                    request.await;
                    stack.faults().end();
                    world.put_back();
                }
            }
        }
    }
}
