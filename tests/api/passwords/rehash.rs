//! A login renews a hash that was made with weaker parameters.

use serde_json::{Value, json};
use stockroom_harness::{Fault, PASSWORD, Shop};

use super::{ME, NEXT, change, credential, epoch, shop, store_hash};

/// [`PASSWORD`] under argon2id with 8 MiB and one pass.
const WEAK: &str = "$argon2id$v=19$m=8192,t=1,p=1$b2YgYW5vdGhlciB0aW1lIQ$GiCPNzz/8VmHO9rBt+KofwbJisb5X2JuNXXjV5zGgCQ";
const TODAY: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

fn hash(shop: &Shop) -> String {
    credential(shop.stack(), &shop.staff().email)["hash"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn login_with_a_weak_hash_renews_it() {
    let shop = shop().await;
    let email = &*shop.staff().email;
    let login = async |password| shop.anonymous().log_in(email, password).await;
    store_hash(&shop, email, WEAK);

    login("not the password").await.expect(401);
    assert_eq!(hash(&shop), WEAK, "a wrong password renews nothing");
    let renewing = login(PASSWORD).await.expect(200);
    let renewed = hash(&shop);
    assert!(renewed.starts_with(TODAY), "{renewed}");
    // Only once: the next login has the usual cost.
    let usual = login(PASSWORD).await.expect(200);
    assert_eq!(hash(&shop), renewed);
    assert_eq!((usual.cost().round_trips, renewing.cost().round_trips), (2, 3));
    // The password is unchanged: no session ends, and the log has only logins.
    shop.staff().get(ME).await.expect(200);
    assert_eq!(epoch(shop.stack(), shop.staff()), 0);
    let entries_of = |id: &str| {
        let of_request = |item: &Value| item["data"]["request_id"] == id;
        shop.stack().items().into_iter().filter(of_request).map(|mut item| item["data"]["action"].take()).collect()
    };
    let actions: Vec<Value> = entries_of(renewing.request_id());
    assert_eq!(actions, [json!("LOGIN")]);
}

#[tokio::test]
async fn login_with_a_hash_that_cannot_be_renewed_succeeds() {
    let shop = Shop::with_faults().await;
    let email = &*shop.staff().email;
    store_hash(&shop, email, WEAK);
    shop.faults().next(Fault::RefuseBefore, "UpdateItem", 100);
    let tokens = shop.anonymous().log_in(email, PASSWORD).await.expect(200).json();
    assert!(shop.faults().happened() > 0);
    shop.faults().end();
    shop.anonymous().with_token(tokens["access_token"].as_str().unwrap()).get(ME).await.expect(200);
    assert_eq!(hash(&shop), WEAK);
    shop.anonymous().log_in(email, PASSWORD).await.expect(200);
    assert!(hash(&shop).starts_with(TODAY));
}

#[tokio::test]
async fn renewal_of_a_hash_after_a_change_of_password_is_discarded() {
    let shop = Shop::with_faults().await;
    let email = &*shop.staff().email;
    store_hash(&shop, email, WEAK);
    // The login is through, and about to store the new hash of the old password.
    let held = shop.faults().hold("UpdateItem");
    let login = tokio::spawn(shop.anonymous().log_in(email, PASSWORD).into_future());
    held.arrived().await;
    change(shop.staff(), PASSWORD, NEXT).await.expect(204);
    held.release();
    login.await.unwrap().expect(200);
    shop.anonymous().log_in(email, PASSWORD).await.expect(401);
    shop.anonymous().log_in(email, NEXT).await.expect(200);
}
