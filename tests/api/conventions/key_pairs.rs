//! Tokens under `ALGORITHM=EdDSA`: a process with public keys only cannot issue tokens.

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::json;
use stockroom_api::App;
use stockroom_domain::source::Sources;
use stockroom_harness::{PASSWORD, Shop, Stack};
use stockroom_runtime::{Config, OsEntropy, Runtime};

use super::{Furnished, tokens::Forge};

const ME: &str = "/api/v1/users/me";

/// A key as its settings have it.
struct Pair {
    private: String,
    public: String,
}

impl Pair {
    fn generate() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let private = STANDARD.encode(private.as_ref());
        Self { private, public: STANDARD.encode(pair.public_key().as_ref()) }
    }

    /// A process that signs with this key, and accepts these.
    fn process(&self, shop: &Shop, public: &[&Self]) -> Stack {
        let public = public.iter().map(|pair| pair.public.as_str()).collect::<Vec<_>>().join(",");
        let settings = [("ALGORITHM", "EdDSA"), ("TOKEN_PRIVATE_KEY", &*self.private), ("TOKEN_PUBLIC_KEYS", &*public)];
        shop.stack().another_process_with(shop.stack().clock().clone(), &settings)
    }
}

#[tokio::test]
async fn token_signed_by_the_private_key_verifies_with_the_public_key() {
    let shop = Furnished::open().await.shop;
    let (pair, other) = (Pair::generate(), Pair::generate());
    let shop = shop.at(&pair.process(&shop, &[&pair]));
    let staff = shop.sign_in(shop.staff()).await;
    assert_eq!(Forge::of(staff.token()).header["alg"], "EdDSA");
    staff.get(ME).await.expect(200);
    let refresh = json!({"refresh_token": staff.refresh_token});
    let again = shop.anonymous().post("/api/v1/auth/refresh", refresh.clone()).await.expect(200).json();
    // The answer was lost: the very same token.
    let once_more = shop.anonymous().post("/api/v1/auth/refresh", refresh).await.expect(200).json();
    assert_eq!(again["refresh_token"], once_more["refresh_token"]);

    let (message, _) = staff.token().rsplit_once('.').unwrap();
    let signed = |message: &str, key: &EncodingKey, algorithm| {
        format!("{message}.{}", crypto::sign(message.as_bytes(), key, algorithm).unwrap())
    };
    let symmetric = Forge::of(staff.token()).header("alg", json!("HS256")).signed();
    let (symmetric, _) = symmetric.rsplit_once('.').unwrap();
    let public = [STANDARD.decode(&pair.public).unwrap(), pair.public.clone().into_bytes()];
    let mut forged = vec![
        signed(message, &EncodingKey::from_ed_der(&STANDARD.decode(&other.private).unwrap()), Algorithm::EdDSA),
        shop.at(&other.process(&shop, &[&other])).sign_in(shop.staff()).await.token().to_owned(),
        format!("{message}."),
    ];
    for key in public.map(|key| EncodingKey::from_secret(&key).unwrap()) {
        forged.extend([message, symmetric].map(|message| signed(message, &key, Algorithm::HS256)));
    }
    for token in forged {
        shop.anonymous().with_token(token).get(ME).await.expect(401);
    }
}

#[tokio::test]
async fn rotation_of_key_pairs_keeps_every_session() {
    let shop = Furnished::open().await.shop;
    let (before, after) = (Pair::generate(), Pair::generate());
    let all_know = before.process(&shop, &[&before, &after]);
    let changed = after.process(&shop, &[&before, &after]);
    let retired = after.process(&shop, &[&after]);
    let staff = shop.at(&all_know).sign_in(shop.staff()).await;
    for stack in [&all_know, &changed] {
        staff.at(stack).get(ME).await.expect(200);
    }
    let refresh = json!({"refresh_token": staff.refresh_token});
    let renewed = shop.anonymous().at(&changed).post("/api/v1/auth/refresh", refresh).await.expect(200).json();
    let token = renewed["access_token"].as_str().unwrap();
    assert_ne!(Forge::of(token).header["kid"], Forge::of(staff.token()).header["kid"]);
    for stack in [&all_know, &changed, &retired] {
        shop.anonymous().at(stack).with_token(token).get(ME).await.expect(200);
    }
    staff.at(&retired).get(ME).await.expect(401);
}

#[tokio::test]
async fn process_without_a_private_key_verifies_tokens_and_issues_none() {
    let shop = Furnished::open().await.shop;
    let pair = Pair::generate();
    let signs = pair.process(&shop, &[&pair]);
    let tokens = shop.anonymous().at(&signs).log_in(&shop.staff().email, PASSWORD).await.expect(200).json();
    let runtime = |settings: &[(&str, &str)]| {
        let usual = [
            ("ALGORITHM", "EdDSA"),
            ("TOKEN_PUBLIC_KEYS", &*pair.public),
            ("CURSOR_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("TABLE_NAME", "none"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_ACCESS_KEY_ID", "testing"),
            ("AWS_SECRET_ACCESS_KEY", "testing"),
        ];
        let config = Config::from_vars(|name| {
            let mut all = settings.iter().chain(&usual);
            all.find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        Runtime::new(config.unwrap(), Sources::new(shop.stack().clock().clone(), OsEntropy))
    };

    let reads = App::new(&runtime(&[])).unwrap();
    reads.tokens().verify_access(tokens["access_token"].as_str().unwrap()).unwrap();
    assert!(reads.issuer().is_err() && reads.links().is_err());
    let refused = App::issuing(&runtime(&[])).unwrap_err().to_string();
    assert!(refused.contains("TOKEN_PRIVATE_KEY is missing") && refused.contains("SECRET_KEY is missing"), "{refused}");
    let mistaken = App::new(&runtime(&[("ALGORITHM", "HS256"), ("CURSOR_KEY", "")])).unwrap_err().to_string();
    assert!(mistaken.contains("SECRET_KEY is missing") && mistaken.contains("CURSOR_KEY is missing"), "{mistaken}");
}
