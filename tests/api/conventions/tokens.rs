//! Tokens that the product did not issue, or that were changed; all get the same answer.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use stockroom_domain::{source::Clock as _, time::Timestamp};
use stockroom_harness::{PASSWORD, Shop, TestClock};
use stockroom_runtime::Purpose;

use super::{Furnished, items, problem};

const KEY: &str = "canary-key-of-this-test-with-32-characters";
const NEXT_KEY: &str = "canary-key-that-follows-it-with-32-characters";
const ME: &str = "/api/v1/users/me";

/// A token in parts, which a test puts together wrongly.
#[derive(Debug, Clone)]
pub(super) struct Forge {
    pub(super) header: Value,
    claims: Value,
    key: String,
    algorithm: hmac::Algorithm,
}

impl Forge {
    pub(super) fn of(token: &str) -> Self {
        let mut parts = token.split('.').map(|part| {
            let text = URL_SAFE_NO_PAD.decode(part).unwrap();
            serde_json::from_slice::<Value>(&text)
        });
        let (header, claims) = (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap());
        Self { header, claims, key: KEY.to_owned(), algorithm: hmac::HMAC_SHA256 }
    }

    pub(super) fn header(mut self, name: &str, value: impl Into<Option<Value>>) -> Self {
        set(&mut self.header, name, value.into());
        self
    }

    fn claim(mut self, name: &str, value: impl Into<Option<Value>>) -> Self {
        set(&mut self.claims, name, value.into());
        self
    }

    fn later(self, name: &str, seconds: i64) -> Self {
        let moved = self.claims[name].as_i64().unwrap() + seconds;
        self.claim(name, json!(moved))
    }

    pub(super) fn signed(&self) -> String {
        self.signed_under(&self.header.to_string())
    }

    /// The same with these characters for a header.
    fn signed_under(&self, header: &str) -> String {
        let message = [header, &self.claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        // Not signed with jsonwebtoken, which rejects an empty key.
        let signature = hmac::sign(&hmac::Key::new(self.algorithm, self.key.as_bytes()), message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

fn set(part: &mut Value, name: &str, value: Option<Value>) {
    match value {
        Some(value) => part[name] = value,
        None => _ = part.as_object_mut().unwrap().remove(name),
    }
}

/// Invalid tokens of one kind, by error; `other` is a valid one of the other kind.
fn forged(token: &str, other: &str) -> Vec<(&'static str, String)> {
    let good = Forge::of(token);
    let now = good.claims["iat"].as_i64().unwrap();
    let (head, rest) = token.split_once('.').unwrap();
    let (body, signature) = rest.split_once('.').unwrap();
    let with_algorithm =
        |name: &str, algorithm| Forge { algorithm, ..good.clone().header("alg", json!(name)) }.signed();
    let without_signature = |name: &str| {
        let unsigned = good.clone().header("alg", json!(name)).signed();
        unsigned[..=unsigned.rfind('.').unwrap()].to_owned()
    };
    let other_kind = Forge::of(other);
    let mut forged = vec![
        ("nothing", String::new()),
        ("garbage", "garbage".to_owned()),
        ("three parts of garbage", "a.b.c".to_owned()),
        ("dots", "..".to_owned()),
        ("two parts", format!("{head}.{body}")),
        ("four parts", format!("{token}.{signature}")),
        ("no signature", format!("{head}.{body}.")),
        ("another's signature", format!("{head}.{body}.{}", other.rsplit('.').next().unwrap())),
        ("padding", format!("{token}=")),
        ("the other kind", other.to_owned()),
        ("another key", Forge { key: NEXT_KEY.to_owned(), ..good.clone() }.signed()),
        ("an empty key", Forge { key: String::new(), ..good.clone() }.signed()),
        ("alg none", without_signature("none")),
        ("alg None, signed", good.clone().header("alg", json!("None")).signed()),
        ("HS384", with_algorithm("HS384", hmac::HMAC_SHA384)),
        ("HS512", with_algorithm("HS512", hmac::HMAC_SHA512)),
        ("HS512 that says HS256", with_algorithm("HS256", hmac::HMAC_SHA512)),
        (
            "HS256 behind none",
            good.signed_under(&good.header.to_string().replace("\"alg\"", "\"alg\":\"none\",\"alg\"")),
        ),
        ("RS256", good.clone().header("alg", json!("RS256")).signed()),
        ("PS256", good.clone().header("alg", json!("PS256")).signed()),
        ("ES256", good.clone().header("alg", json!("ES256")).signed()),
        ("EdDSA", good.clone().header("alg", json!("EdDSA")).signed()),
        ("lower-case alg", good.clone().header("alg", json!("hs256")).signed()),
        ("no alg", good.clone().header("alg", None).signed()),
        ("no typ", good.clone().header("typ", None).signed()),
        ("null typ", good.clone().header("typ", json!(null)).signed()),
        ("typ in a list", good.clone().header("typ", json!([good.header["typ"]])).signed()),
        ("the media type for typ", good.clone().header("typ", json!("application/at+jwt")).signed()),
        ("typ JWT", good.clone().header("typ", json!("JWT")).signed()),
        ("the other typ", good.clone().header("typ", other_kind.header["typ"].clone()).signed()),
        ("no kid", good.clone().header("kid", None).signed()),
        ("an unknown kid", good.clone().header("kid", json!("0123456789abcdef")).signed()),
        ("a path for a kid", good.clone().header("kid", json!("../../dev/null")).signed()),
        ("unknown crit", good.clone().header("crit", json!(["exp"])).signed()),
        ("crit with a known header", good.clone().header("crit", json!(["alg"])).signed()),
        ("b64 and its crit", good.clone().header("b64", json!(true)).header("crit", json!(["b64"])).signed()),
        ("empty crit", good.clone().header("crit", json!([])).signed()),
        ("a key of its own", good.clone().header("jwk", json!({"kty": "oct", "k": "AAAA"})).signed()),
        ("an address of keys", good.clone().header("jku", json!("https://evil.example/keys")).signed()),
        ("another header", good.clone().header("cty", json!("JWT")).signed()),
        ("the other aud", good.clone().claim("aud", other_kind.claims["aud"].clone()).signed()),
        ("the product for aud", good.clone().claim("aud", json!("stockroom")).signed()),
        ("another iss", good.clone().claim("iss", json!("https://evil.example")).signed()),
        ("exp now", good.clone().claim("exp", json!(now)).signed()),
        ("exp long ago", good.clone().claim("exp", json!(0)).signed()),
        ("exp as text", good.clone().claim("exp", json!("9999999999")).signed()),
        ("negative exp", good.clone().claim("exp", json!(-1)).signed()),
        ("nbf in a minute", good.clone().claim("nbf", json!(now + 60)).signed()),
        ("nbf as text", good.clone().claim("nbf", json!("soon")).signed()),
        ("iat in a minute", good.clone().later("iat", 60).signed()),
        ("sub that is no id", good.clone().claim("sub", json!("root")).signed()),
        ("another organization that is none", good.clone().claim("org", json!(super::UNKNOWN_ID)).signed()),
        ("another user that is none", good.clone().claim("sub", json!(super::UNKNOWN_ID)).signed()),
    ];
    for claim in good.claims.as_object().unwrap().keys() {
        forged.push(("a claim less", good.clone().claim(claim, None).signed()));
        forged.push(("a null claim", good.clone().claim(claim, json!(null)).signed()));
    }
    forged
}

/// A shop in a process whose key is this test's.
async fn shop() -> Shop {
    let shop = Furnished::open().await.shop;
    let stack = shop.stack().another_process_with(shop.stack().clock().clone(), &[("SECRET_KEY", KEY)]);
    shop.at(&stack)
}

#[tokio::test]
async fn access_token_has_its_type_and_claims() {
    let shop = shop().await;
    let staff = shop.sign_in(shop.staff()).await;
    let (access, refresh) = (Forge::of(staff.token()), Forge::of(&staff.refresh_token));
    assert_eq!((&access.header["alg"], &access.header["typ"]), (&json!("HS256"), &json!("at+jwt")));
    assert_ne!(access.header["typ"], refresh.header["typ"]);
    assert_ne!(access.claims["aud"], refresh.claims["aud"]);
    let names: Vec<_> = access.claims.as_object().unwrap().keys().collect();
    assert_eq!(names, ["iss", "aud", "sub", "org", "sid", "role", "iat", "exp", "jti"]);
    assert_eq!(access.claims["exp"].as_u64(), access.claims["iat"].as_u64().map(|iat| iat + 900));
    assert_eq!((&access.claims["sub"], &access.claims["org"]), (&json!(staff.id), &json!(shop.id)));
}

#[tokio::test]
async fn request_with_a_bad_access_token_is_unauthenticated() {
    let shop = shop().await;
    let staff = shop.sign_in(shop.staff()).await;
    let anyone = shop.anonymous();
    let good = Forge::of(staff.token());
    // The reassembled token is valid: the following ones are refused only for their errors.
    anyone.with_token(good.signed()).get(ME).await.expect(200);
    let promoted = anyone.with_token(good.clone().claim("role", json!("ADMIN")).signed());
    promoted.post("/api/v1/users", json!({})).await.expect(403);
    anyone.with_token(good.clone().claim("nbf", good.claims["iat"].clone()).signed()).get(ME).await.expect(200);

    let none = anyone.get(ME).await.expect(401);
    assert_eq!(none.code(), "unauthenticated");
    let mut requests: Vec<_> = forged(staff.token(), &staff.refresh_token)
        .into_iter()
        .map(|(fault, token)| (fault, anyone.with_token(token).get(ME)))
        .collect();
    // Signed with a key that was one of ours, for the same session.
    let clock = shop.stack().clock().clone();
    let former = shop.stack().another_process_with(clock, &[("SECRET_KEY", NEXT_KEY), ("SECRET_KEY_PREVIOUS", KEY)]);
    let renewed = staff.at(&former).post("/api/v1/auth/refresh", json!({"refresh_token": staff.refresh_token}));
    let retired = renewed.await.expect(200).json()["access_token"].as_str().unwrap().to_owned();
    staff.at(&former).with_token(&*retired).get(ME).await.expect(200);
    let link = shop.stack().link_token(Purpose::PasswordReset, &shop.id, &staff.id, 0);
    let before = items(shop.stack());
    let token = staff.token();
    let header = |value: String| anyone.get(ME).header("authorization", value);
    requests.extend([
        ("another session", anyone.with_token(good.claim("sid", json!(super::UNKNOWN_ID)).signed()).get(ME)),
        ("a retired key", anyone.with_token(retired).get(ME)),
        ("the token of a link", anyone.with_token(link).get(ME)),
        ("no scheme", header(token.to_owned())),
        ("Basic", header(format!("Basic {token}"))),
        ("Token", header(format!("Token {token}"))),
        ("two spaces", header(format!("Bearer  {token}"))),
        ("two tokens", header(format!("Bearer {token}, Bearer {token}"))),
        ("two words", header(format!("Bearer {token} {token}"))),
        ("two headers", header(format!("Bearer {token}")).header("authorization", format!("Bearer {token}"))),
        ("two headers, one bad", header("Bearer x".to_owned()).header("authorization", format!("Bearer {token}"))),
        ("in the query", anyone.get(format!("/api/v1/products?access_token={token}"))),
        ("in a cookie", anyone.get(ME).header("cookie", format!("access_token={token}"))),
        ("a megabyte", header(format!("Bearer {}", "x".repeat(1_000_000)))),
    ]);
    for (fault, request) in requests {
        let reply = request.await;
        assert_eq!(reply.status(), 401, "{fault}: {reply:?}");
        assert_eq!(problem(&reply), problem(&none), "{fault}");
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    assert_eq!(items(shop.stack()), before);
    staff.get(ME).header("authorization", format!("bEARER {token}")).await.expect(200);
}

/// A process remembers the tokens that it has verified. Each use must still check everything that can change.
#[tokio::test]
async fn request_with_a_token_that_was_accepted_before_is_checked_again() {
    let shop = shop().await;
    let staff = shop.sign_in(shop.staff()).await;
    let elsewhere = shop.sign_in(shop.staff()).await;
    for _ in 0..2 {
        staff.get(ME).await.expect(200);
        elsewhere.get(ME).await.expect(200);
    }
    let (signed, signature) = staff.token().rsplit_once('.').unwrap();
    for index in 0..signature.len() {
        let mut other = signature.as_bytes().to_vec();
        other[index] = if other[index] == b'A' { b'B' } else { b'A' };
        let token = format!("{signed}.{}", std::str::from_utf8(&other).unwrap());
        staff.with_token(token).get(ME).await.expect(401);
    }
    let promoted = Forge::of(staff.token()).claim("role", json!("ADMIN")).signed();
    let (promoted, _) = promoted.rsplit_once('.').unwrap();
    staff.with_token(format!("{promoted}.{signature}")).get(ME).await.expect(401);

    // The session can end, and the token can expire.
    elsewhere.post("/api/v1/auth/logout", json!({})).await.expect(204);
    elsewhere.get(ME).await.expect(401);
    shop.stack().clock().advance(Duration::from_secs(899));
    staff.get(ME).await.expect(200);
    shop.stack().clock().advance(Duration::from_secs(1));
    for _ in 0..2 {
        staff.get(ME).await.expect(401);
    }
}

#[tokio::test]
async fn refresh_or_logout_with_a_bad_refresh_token_is_invalid_refresh_token() {
    let shop = shop().await;
    let staff = shop.sign_in(shop.staff()).await;
    let refresh = |token: &str| shop.anonymous().post("/api/v1/auth/refresh", json!({"refresh_token": token}));
    let logout = |token: &str| shop.anonymous().post("/api/v1/auth/logout", json!({"refresh_token": token}));
    let good = Forge::of(&staff.refresh_token);
    let (session, generation) = good.claims["jti"].as_str().unwrap().rsplit_once('.').unwrap();
    let mut tokens = forged(&staff.refresh_token, staff.token());
    for (fault, jti) in [
        ("no generation", session.to_owned()),
        ("generation 0 of another session", format!("{}.{generation}", super::UNKNOWN_ID)),
        ("negative generation", format!("{session}.-1")),
        ("no session", format!(".{generation}")),
    ] {
        tokens.push((fault, good.clone().claim("jti", json!(jti)).signed()));
    }
    let before = items(shop.stack());
    let none = shop.anonymous().post("/api/v1/auth/refresh", json!({})).await.expect(401);
    assert_eq!(none.code(), "invalid_refresh_token");
    for (fault, token) in tokens {
        let reply = refresh(&token).await;
        assert_eq!(reply.status(), 401, "{fault}: {reply:?}");
        assert_eq!(problem(&reply), problem(&none), "{fault}");
        logout(&token).await.expect(401);
    }
    assert_eq!(items(shop.stack()), before);
    // The original token is still valid, and so is its reassembled copy.
    refresh(&good.signed()).await.expect(200);
}

#[tokio::test]
async fn token_issued_by_a_clock_five_seconds_ahead_is_accepted() {
    let shop = shop().await;
    let clock = shop.stack().clock();
    clock.set("2026-11-23T12:00:00Z".parse().unwrap());
    clock.stop();
    let staff = shop.sign_in(shop.staff()).await;
    let seen_from = |seconds: i64| {
        let millis = i64::try_from(clock.now().unix_millis()).unwrap() + seconds * 1_000;
        let wrong = TestClock::at(Timestamp::from_unix_millis(millis).unwrap());
        wrong.stop();
        staff.at(&shop.stack().another_process_with(wrong, &[("SECRET_KEY", KEY)]))
    };
    // No leeway for expired tokens; a little for tokens from the future.
    for (seconds, status) in [(-6, 401), (-5, 200), (0, 200), (899, 200), (900, 401), (905, 401)] {
        seen_from(seconds).get(ME).await.expect(status);
    }
    let good = Forge::of(staff.token());
    for (seconds, status) in [(5, 200), (6, 401)] {
        let early = good.clone().claim("nbf", good.claims["iat"].clone()).later("nbf", seconds);
        staff.with_token(early.signed()).get(ME).await.expect(status);
    }
}

#[tokio::test]
async fn rotation_of_the_secret_key_keeps_old_tokens_valid() {
    let shop = shop().await;
    let clock = shop.stack().clock();
    let process = |settings: &[(&str, &str)]| shop.stack().another_process_with(clock.clone(), settings);
    let rotated = process(&[("SECRET_KEY", NEXT_KEY), ("SECRET_KEY_PREVIOUS", KEY)]);
    let retired = process(&[("SECRET_KEY", NEXT_KEY)]);
    let staff = shop.sign_in(shop.staff()).await;
    let refresh =
        |stack, token: &str| shop.anonymous().at(stack).post("/api/v1/auth/refresh", json!({"refresh_token": token}));

    staff.at(&rotated).get(ME).await.expect(200);
    assert_eq!(staff.at(&retired).get(ME).await.expect(401).code(), "unauthenticated");
    assert_eq!(refresh(&retired, &staff.refresh_token).await.expect(401).code(), "invalid_refresh_token");

    // A refresh before the rotation whose reply was lost gives the same token after the rotation.
    let before = refresh(shop.stack(), &staff.refresh_token).await.expect(200).json();
    let behind = refresh(&rotated, &staff.refresh_token).await.expect(200).json();
    assert_eq!(before["refresh_token"], behind["refresh_token"]);
    let renewed = refresh(&rotated, behind["refresh_token"].as_str().unwrap()).await.expect(200).json();
    for tokens in [&behind, &renewed] {
        let access = tokens["access_token"].as_str().unwrap();
        assert_ne!(Forge::of(access).header["kid"], Forge::of(staff.token()).header["kid"]);
        shop.anonymous().with_token(access).at(&retired).get(ME).await.expect(200);
    }
    refresh(&retired, renewed["refresh_token"].as_str().unwrap()).await.expect(200);
    // The reverse: a process that does not have the new key yet.
    let newer = shop.anonymous().at(&retired).log_in(&shop.staff().email, PASSWORD).await.expect(200).json();
    let newer = newer["access_token"].as_str().unwrap();
    shop.anonymous().with_token(newer).get(ME).await.expect(401);
}
