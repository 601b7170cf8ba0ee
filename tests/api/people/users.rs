//! Users: create, list, change, disable, delete; changes of one's own account.

use serde_json::{Value, json};
use stockroom_harness::{PASSWORD, Shop, Stack};

use super::{ME, USERS, at, because, change, entries_of, items, log_in, refresh, refused, shop, texts};

#[tokio::test]
async fn put_and_patch_of_a_user_by_an_admin_change_every_member() {
    let shop = shop().await;
    let (admin, staff) = (shop.admin(), shop.staff());
    let whole = json!({"email": "sam@acme.example", "full_name": "Sam", "role": "MANAGER", "status": "ACTIVE"});
    let replaced = admin.put(at(staff), whole).await.expect(200);
    let shown = replaced.json();
    assert_eq!((&shown["email"], &shown["full_name"]), (&json!("sam@acme.example"), &json!("Sam")));
    assert_eq!((&shown["role"], &shown["status"], &shown["version"]), (&json!("MANAGER"), &json!("ACTIVE"), &json!(2)));
    assert_eq!(replaced.tag_version(), Some(2));
    assert_eq!(admin.get(at(staff)).await.json(), shown);

    let patched = change(admin, staff, json!({"role": "STAFF"})).await.expect(200);
    assert_eq!((&patched.json()["full_name"], &patched.json()["role"]), (&json!("Sam"), &json!("STAFF")));
    let same = change(admin, staff, json!({"role": "STAFF", "full_name": " Sam "})).await.expect(200);
    assert_eq!(same.json(), patched.json(), "a change without a difference makes no version");

    shop.stack().check_invariants();
}

#[tokio::test]
async fn patch_of_a_user_with_invalid_or_fixed_members_names_them() {
    let shop = shop().await;
    let before = items(shop.stack());
    for (body, faults) in [
        (json!({"password": PASSWORD}), vec!["/password unknown_member"]),
        (json!({"hash": "x", "auth_epoch": 1, "sessions": {}}), vec!["/auth_epoch", "/hash", "/sessions"]),
        (json!({"role": "OWNER", "status": "GONE"}), vec!["/role unknown_value", "/status unknown_value"]),
        (
            json!({"role": null, "email": null, "full_name": null, "status": null}),
            vec!["/email", "/full_name", "/role required", "/status required"],
        ),
        (json!({"email": "nobody", "full_name": ""}), vec!["/email invalid_format", "/full_name too_short"]),
    ] {
        let mut found = change(shop.admin(), shop.staff(), body).await.expect(422).faults();
        found.sort();
        assert!(
            found.len() == faults.len() && found.iter().zip(&faults).all(|(found, fault)| found.starts_with(fault))
        );
    }
    let bare = shop.admin().put(at(shop.staff()), json!({})).await.expect(422);
    assert_eq!(bare.faults(), ["/email required", "/full_name required", "/role required", "/status required"]);
    assert_eq!(items(shop.stack()), before);
}

#[tokio::test]
async fn patch_of_a_user_by_others_is_limited_to_own_name_and_address() {
    let shop = shop().await;
    for person in [shop.staff(), shop.manager()] {
        let role = change(shop.admin(), person, json!({})).await.json()["role"].take();
        let other = if role == "STAFF" { shop.manager() } else { shop.staff() };
        let before = items(shop.stack());
        for forbidden in [
            change(person, person, json!({"role": "ADMIN"})),
            change(person, person, json!({"status": "DISABLED"})),
            change(person, person, json!({"full_name": "Sam", "role": "ADMIN"})),
            person.put(
                at(person),
                json!({"email": person.email, "full_name": "Sam", "role": "ADMIN", "status": "ACTIVE"}),
            ),
            change(person, other, json!({"full_name": "Sam"})),
            change(person, other, json!({})),
            change(person, shop.admin(), json!({"role": "STAFF"})),
            person.delete(at(person)),
            person.delete(at(other)),
            person.get(USERS),
        ] {
            assert_eq!(refused(&forbidden.await), because(403, "forbidden"));
        }
        // The role is refused before the body, the version and an unknown user.
        let stale = change(person, person, json!({"role": "ADMIN"})).if_match(7).await;
        assert_eq!(refused(&stale), because(403, "forbidden"));
        let broken = person.patch(at(other), json!({})).raw_body("{", "application/json").await;
        assert_eq!(refused(&broken), because(403, "forbidden"));
        let nobody = person.patch(format!("{USERS}/01930000-0000-7000-8000-000000000000"), json!({})).await;
        assert_eq!(refused(&nobody), because(403, "forbidden"));
        assert_eq!(items(shop.stack()), before);

        let renamed = change(person, person, json!({"full_name": "Sam", "role": role})).await.expect(200);
        let whole = json!({"email": person.email, "full_name": "Samuel", "role": role, "status": "ACTIVE"});
        let replaced = person.put(at(person), whole).if_match(renamed.version()).await.expect(200);
        assert_eq!((&replaced.json()["full_name"], &replaced.json()["role"]), (&json!("Samuel"), &role));
    }
    shop.stack().check_invariants();
}

#[tokio::test]
async fn list_of_users_by_role_status_and_search_finds_matches() {
    let shop = shop().await;
    let add = async |email: &str, name: &str, role: &str| {
        let user = json!({"email": email, "full_name": name, "role": role, "password": PASSWORD});
        shop.admin().post(USERS, user).await.expect(201).id()
    };
    let zoe = add("zoe@warehouse.example", "Zo\u{eb} Stra\u{df}e", "STAFF").await;
    let max = add("MAX@Office.example", "Max", "MANAGER").await;
    let leaver = add("leaver@office.example", "Leaver", "STAFF").await;
    let disabled = add("ill@office.example", "Ill", "STAFF").await;
    shop.admin().delete(format!("{USERS}/{leaver}")).await.expect(204);
    shop.admin().patch(format!("{USERS}/{disabled}"), json!({"status": "DISABLED"})).await.expect(200);
    let [a, m, s] = [shop.admin(), shop.manager(), shop.staff()].map(|person| person.id.clone());

    for (query, expected) in [
        (vec![], vec![&disabled, &max, &zoe, &s, &m, &a]),
        (vec![("order", "asc")], vec![&a, &m, &s, &zoe, &max, &disabled]),
        (vec![("role", "STAFF")], vec![&disabled, &zoe, &s]),
        (vec![("role", "STAFF"), ("status", "ACTIVE")], vec![&zoe, &s]),
        (vec![("status", "DISABLED")], vec![&disabled]),
        (vec![("search", "STRASSE")], vec![&zoe]),
        (vec![("search", "ZO\u{cb}")], vec![&zoe]),
        (vec![("search", "office.EXAMPLE")], vec![&disabled, &max]),
        (vec![("search", "office"), ("role", "MANAGER")], vec![&max]),
        (vec![("search", "leaver")], vec![]),
    ] {
        for limit in ["1", "2", "100"] {
            let list = shop.admin().get(USERS).query(&query).query(&[("limit", limit)]);
            let (mut found, mut page) = (Vec::new(), list.clone().await.expect(200));
            loop {
                found.extend(texts(&page.items(), "id"));
                let Some(cursor) = page.json()["next_cursor"].as_str().map(str::to_owned) else { break };
                page = list.clone().query(&[("cursor", &cursor)]).await.expect(200);
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?} by {limit}");
        }
    }
    let shown = shop.admin().get(USERS).query(&[("search", "zoe@")]).await.items().remove(0);
    assert_eq!(shown, shop.admin().get(format!("{USERS}/{zoe}")).await.json());

    // Found by the new name and not by the old one.
    shop.admin().patch(format!("{USERS}/{zoe}"), json!({"full_name": "Zora"})).await.expect(200);
    let by = |search| shop.admin().get(USERS).query(&[("search", search)]);
    assert_eq!((by("zora").await.items().len(), by("strasse").await.items().len()), (1, 0));
}

#[tokio::test]
async fn change_of_address_by_an_admin_frees_the_old_one() {
    let shop = shop().await;
    let (staff, manager) = (shop.staff(), shop.manager());
    let taken = change(shop.admin(), staff, json!({"email": manager.email.to_uppercase()})).await;
    assert_eq!(refused(&taken), because(409, "duplicate_email"));

    change(shop.admin(), staff, json!({"email": "Sam@acme.example", "role": "MANAGER"})).await.expect(200);
    // Another person may read mail at the new address: every session ends.
    assert_eq!(refused(&staff.get(ME).await), because(401, "unauthenticated"));
    assert_eq!(refused(&refresh(&shop, staff).await), because(401, "invalid_refresh_token"));
    assert_eq!(refused(&log_in(&shop, staff).await), because(401, "invalid_credentials"));
    let tokens = shop.anonymous().log_in("sam@ACME.example", PASSWORD).await.expect(200).json();
    let sam = shop.anonymous().with_token(tokens["access_token"].as_str().unwrap());
    // The same address in another spelling is no conflict.
    let spelt = change(&sam, staff, json!({"email": "SAM@acme.example"})).await.expect(200);
    assert_eq!(spelt.json()["email"], "SAM@acme.example");

    change(shop.admin(), manager, json!({"email": staff.email})).await.expect(200);
    let me = shop.sign_in(staff).await.get(ME).await.json();
    assert_eq!(me["id"], json!(manager.id), "the address belongs to another user now");
    shop.stack().check_invariants();
}

#[tokio::test]
async fn disable_ends_every_session_and_enable_restores_none() {
    let shop = shop().await;
    let (staff, again) = (shop.staff(), shop.sign_in(shop.staff()).await);
    let off = change(shop.admin(), staff, json!({"status": "DISABLED"})).await.expect(200);
    assert_eq!(off.json()["status"], "DISABLED");
    change(shop.admin(), staff, json!({"status": "ACTIVE"})).await.expect(200);
    for session in [staff, &again] {
        assert_eq!(refused(&session.get(ME).await), because(401, "unauthenticated"));
        assert_eq!(refused(&refresh(&shop, session).await), because(401, "invalid_refresh_token"));
    }
    shop.sign_in(staff).await.get(ME).await.expect(200);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn delete_of_a_user_keeps_the_name_in_history_and_frees_the_address() {
    let shop = shop().await;
    let (product, main) = shop.stocked("SKU-1", 5).await;
    let leaver = shop.hire("leaver", "STAFF").await;
    let movement = leaver.take(&product, &main, 1).await.expect(201).id();
    shop.admin().delete(at(&leaver)).await.expect(204);

    let unknown = shop.admin().get(at(&leaver)).await;
    assert_eq!(refused(&unknown), because(404, "not_found"));
    for request in [shop.admin().delete(at(&leaver)), change(shop.admin(), &leaver, json!({"role": "STAFF"}))] {
        assert_eq!(refused(&request.await), because(404, "not_found"));
    }
    let movement = shop.staff().get(format!("/api/v1/stock-movements/{movement}")).await.expect(200).json();
    assert_eq!(movement["created_by"], json!({"id": leaver.id, "full_name": "The leaver"}));

    let successor = shop.hire("leaver", "MANAGER").await;
    assert_ne!(successor.id, leaver.id);
    assert_eq!(refused(&leaver.get(ME).await), because(401, "unauthenticated"));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn demotion_disable_or_delete_of_the_last_admin_is_last_admin() {
    let shop = shop().await;
    let admin = shop.admin();
    let last = because(409, "last_admin");
    let itself = because(409, "cannot_delete_self");
    let off = json!({"status": "DISABLED"});
    let demoted = json!({"email": admin.email, "full_name": "The Admin", "role": "MANAGER", "status": "ACTIVE"});
    for request in [
        change(admin, admin, json!({"role": "STAFF"})),
        change(admin, admin, off.clone()),
        admin.put(at(admin), demoted),
    ] {
        assert_eq!(refused(&request.await), last);
    }
    assert_eq!(refused(&admin.delete(at(admin)).await), itself);

    // A disabled admin does not count.
    let second = shop.hire("second", "ADMIN").await;
    change(admin, &second, off.clone()).await.expect(200);
    assert_eq!(refused(&change(admin, admin, json!({"role": "STAFF"})).await), last);
    change(admin, &second, json!({"status": "ACTIVE"})).await.expect(200);
    let second = shop.sign_in(&second).await;
    assert_eq!(refused(&second.delete(at(&second)).await), itself);

    // With another admin, an admin may step back.
    let version = change(admin, admin, json!({"role": "STAFF"})).await.expect(200).version();
    assert_eq!(refused(&change(admin, admin, json!({"role": "ADMIN"})).await), because(403, "forbidden"));
    assert_eq!(refused(&change(&second, &second, off).await), last);
    shop.stack().check_invariants();

    // In the order of the contract: permission, version, rule.
    change(&second, admin, json!({"role": "ADMIN"})).if_match(version).await.expect(200);
    assert_eq!(refused(&second.delete(at(&second)).if_match(9).await), because(412, "version_mismatch"));
    second.delete(at(admin)).if_match(version + 1).await.expect(204);
    assert_eq!(refused(&change(&second, &second, json!({"role": "STAFF"})).if_match(9).await).0, 412);
    assert_eq!(refused(&change(&second, &second, json!({"role": "STAFF"})).await), last);
    shop.stack().check_invariants();
}

#[tokio::test]
async fn changes_of_users_are_logged_with_their_members() {
    let shop = shop().await;
    let (admin, staff) = (shop.admin(), shop.staff());
    let logged_by = |reply| entries_of(shop.stack(), &reply);
    let entry = |action: &str, before: Value, after: Value| {
        let person = json!({"id": admin.id, "full_name": "The Admin"});
        json!([action, "User", staff.id, person, before, after])
    };
    let logged = |entries: Vec<Value>| {
        let members = ["action", "entity", "entity_id", "actor", "before", "after"];
        let entries: Vec<Value> =
            entries.iter().map(|entry| members.map(|member| entry[member].clone()).to_vec().into()).collect();
        entries
    };

    let nothing = logged_by(change(admin, staff, json!({"role": "STAFF"})).await.expect(200));
    assert_eq!(nothing, [Value::Null; 0]);
    let promoted = logged_by(change(admin, staff, json!({"role": "ADMIN", "full_name": "Sam"})).await.expect(200));
    let before = json!({"role": "STAFF", "full_name": "The staff"});
    assert_eq!(logged(promoted), [entry("UPDATE", before, json!({"role": "ADMIN", "full_name": "Sam"}))]);
    let off = logged_by(change(admin, staff, json!({"status": "DISABLED"})).await.expect(200));
    assert_eq!(logged(off), [entry("UPDATE", json!({"status": "ACTIVE"}), json!({"status": "DISABLED"}))]);
    let gone = logged_by(admin.delete(at(staff)).await.expect(204));
    let last = json!({"email": staff.email, "full_name": "Sam", "role": "ADMIN", "status": "DISABLED"});
    assert_eq!(logged(gone), [entry("DELETE", last, Value::Null)]);
    let again = logged_by(admin.delete(at(staff)).await.expect(404));
    assert_eq!(again, [Value::Null; 0]);
}

#[tokio::test]
async fn changes_of_users_with_a_lost_reply_have_one_effect() {
    let shop = Shop::with_faults().await;
    let second = shop.hire("second", "ADMIN").await;
    let lose = || shop.faults().lose_next_replies_of("TransactWriteItems", 1);
    lose();
    change(shop.admin(), &second, json!({"role": "STAFF", "email": "sam@acme.example"})).if_match(1).await.expect(200);
    lose();
    change(shop.admin(), &second, json!({"status": "DISABLED"})).if_match(2).await.expect(200);
    lose();
    shop.admin().delete(at(&second)).if_match(3).await.expect(204);
    lose();
    let path = format!("/api/v1/organizations/{}", shop.id);
    let ended = shop.admin().delete(path).query(&[("confirm", "acme")]).if_match(1).await.expect(202);
    assert_eq!((ended.version(), shop.faults().happened()), (2, 4));
    shop.stack().check_invariants();
}

#[tokio::test]
async fn request_for_a_foreign_user_is_not_found() {
    let stack = Stack::start().await;
    let (shop, globex) = (Shop::open(&stack, "acme").await, Shop::open(&stack, "globex").await);
    let before = items(&stack);
    for request in [
        change(shop.admin(), globex.staff(), json!({"role": "ADMIN"})),
        shop.admin().delete(at(globex.staff())),
        shop.admin().delete(at(globex.admin())),
    ] {
        assert_eq!(refused(&request.await), because(404, "not_found"));
    }
    let theirs = shop.admin().get(USERS).query(&[("search", "globex")]).await.expect(200);
    assert_eq!(theirs.items(), [Value::Null; 0]);
    assert_eq!(items(&stack), before);
}

#[tokio::test]
async fn create_of_a_user_with_a_twin_of_a_taken_address_is_duplicate_email() {
    let shop = shop().await;
    let user = |email: &str| {
        let user = json!({"email": email, "full_name": "Zoë", "role": "STAFF"});
        shop.admin().post("/api/v1/users", user)
    };
    user("Zoe@Acme.example").await.expect(201);
    for twin in [" zoe@acme.example ", "ZOE@ACME.EXAMPLE", "Zoe@\u{ff41}cme.example"] {
        assert_eq!(user(twin).await.expect(409).code(), "duplicate_email", "{twin}");
    }
    shop.stack().check_invariants();
}
