//! A hash that took less work than one would take today is made anew by the next login.

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
async fn a_login_makes_a_weak_hash_anew() {
    let shop = shop().await;
    let email = &*shop.staff().email;
    let login = async |password| shop.anonymous().log_in(email, password).await;
    store_hash(&shop, email, WEAK);

    login("not the password").await.expect(401);
    assert_eq!(hash(&shop), WEAK, "a wrong password renews nothing");
    let renewing = login(PASSWORD).await.expect(200);
    let renewed = hash(&shop);
    assert!(renewed.starts_with(TODAY), "{renewed}");
    // Once: the next login finds nothing to do, and costs what a login costs.
    let usual = login(PASSWORD).await.expect(200);
    assert_eq!(hash(&shop), renewed);
    assert_eq!((usual.cost().round_trips, renewing.cost().round_trips), (2, 3));
    // It is the same password still: no session ends, and the log tells of logins alone.
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
async fn a_hash_that_cannot_be_renewed_keeps_nobody_out() {
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
async fn a_renewed_hash_never_brings_a_former_password_back() {
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
