//! Access and refresh tokens: JWT (RFC 7519), checked as RFC 8725 requires. The library accepts by default any `typ`, a
//! missing `iss`, an `exp` that passed 60 s ago and a future `nbf`; this module rejects each of them, and every `crit`.

use std::time::Duration;

use aws_lc_rs::{digest, hmac};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stockroom_domain::{
    access::Role,
    id::{OrganizationId, SessionId, UserId},
    source::Sources,
    time::Timestamp,
};
use stockroom_runtime::{Config, ConfigError, PublicKey, Secret, SigningKeys, VerifyingKeys};
use stockroom_store::{Claim, NewSession, Presented, Refreshed};

use crate::{
    auth::{digest::hex, verified::VerifiedTokens},
    problem::ApiError,
};

const ACCESS: &str = "at+jwt";
const REFRESH: &str = "rt+jwt";
/// Accepted difference of clocks for `iat` and `nbf`, in seconds.
const CLOCK_SKEW: u64 = 5;

/// An example of an access token in the OpenAPI document, shortened.
const EXAMPLE_OF_ACCESS: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMWExOWI0YSJ9.x7kQ";
/// An example of a refresh token in the OpenAPI document, shortened.
const EXAMPLE_OF_REFRESH: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6InJ0K2p3dCJ9.eyJzdWIiOiIwMWExOWI0YSJ9.p2Zw";

/// Verifies tokens.
pub struct Tokens {
    sources: Sources,
    issuer: String,
    algorithm: Algorithm,
    /// All accepted keys by id: the current one and further ones. They never change, so the verified tokens of one
    /// `Tokens` stay those of its keys.
    keys: Vec<(String, DecodingKey)>,
    verified: VerifiedTokens<VerifiedAccess>,
}

/// The content of a verified access token. Each use checks its times again.
#[derive(Debug, Clone)]
struct VerifiedAccess {
    claims: AccessClaims,
    times: Times,
}

/// The times of a token, in seconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// The later one of `iat` and `nbf`.
    begins: u64,
    ends: u64,
}

impl Times {
    fn of(iat: u64, nbf: Option<u64>, exp: u64) -> Self {
        Self { begins: iat.max(nbf.unwrap_or_default()), ends: exp }
    }

    fn includes(self, now: u64) -> bool {
        now < self.ends && self.begins <= now.saturating_add(CLOCK_SKEW)
    }
}

/// Issues tokens.
pub struct Issuer {
    sources: Sources,
    /// The name of the product in tokens.
    name: String,
    algorithm: Algorithm,
    current: SigningKey,
    /// The previous key, if one key signs and verifies.
    previous: Option<SigningKey>,
    access_lifetime: Duration,
    refresh_lifetime: Duration,
}

struct SigningKey {
    id: String,
    key: EncodingKey,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tokens").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issuer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The content of an access token.
#[derive(Debug, Clone)]
pub struct AccessClaims {
    /// The claimed identity.
    pub claim: Claim,
    /// For the client only; each request checks the stored role.
    pub role: Role,
    /// When the token expires.
    pub expires_at: Timestamp,
}

/// The claims of a token.
#[derive(Serialize, Deserialize)]
struct Claims<R> {
    iss: String,
    aud: String,
    sub: UserId,
    org: OrganizationId,
    #[serde(flatten)]
    rest: R,
    iat: u64,
    exp: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nbf: Option<u64>,
    jti: String,
}

/// Claims of access tokens only.
#[derive(Serialize, Deserialize)]
struct OfAccess {
    sid: SessionId,
    role: Role,
}

/// Claims of refresh tokens only: none. Their `jti` is session and generation.
#[derive(Serialize, Deserialize)]
struct OfRefresh {}

/// A token's header. Unknown members, `crit` above all, are errors.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StrictHeader {
    alg: String,
    typ: String,
    kid: String,
}

/// An access token and a refresh token.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Tokens")]
pub struct TokenPair {
    /// Send it as `Authorization: Bearer ...` with every request. It is opaque to clients.
    #[schemars(example = EXAMPLE_OF_ACCESS)]
    pub access_token: String,
    /// Always `bearer`.
    #[schemars(example = &"bearer")]
    pub token_type: &'static str,
    /// Lifetime of the access token in seconds.
    #[schemars(example = 900)]
    pub expires_in: u64,
    /// `POST /auth/refresh` accepts it once and returns a new pair. Absent (never null) if it is set as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = EXAMPLE_OF_REFRESH)]
    pub refresh_token: Option<String>,
    /// Lifetime of the refresh token in seconds. Each refresh starts it again.
    #[schemars(example = 604_800)]
    pub refresh_expires_in: u64,
}

/// Derives an id from a secret without revealing the secret.
fn secret_id(secret: &Secret) -> String {
    let digest = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), b"key id");
    hex(digest.as_ref()).chars().take(16).collect()
}

fn public_id(key: PublicKey) -> String {
    hex(digest::digest(&digest::SHA256, &key.0).as_ref()).chars().take(16).collect()
}

/// The library rejected a key for HMAC.
fn unusable(error: jsonwebtoken::errors::Error) -> ConfigError {
    ConfigError::of(format!("SECRET_KEY or SECRET_KEY_PREVIOUS is unusable: {error}"))
}

fn access_audience(issuer: &str) -> String {
    format!("{issuer}/api")
}

fn refresh_audience(issuer: &str) -> String {
    format!("{issuer}/refresh")
}

impl Issuer {
    pub(crate) fn new(config: &Config, sources: Sources) -> Result<Self, ConfigError> {
        let secret = |secret: &Secret| {
            let key = EncodingKey::from_secret(secret.as_bytes()).map_err(unusable)?;
            Ok::<_, ConfigError>(SigningKey { id: secret_id(secret), key })
        };
        let (algorithm, current, previous) = match config.keys.signing()? {
            SigningKeys::Secrets { current, previous } => {
                (Algorithm::HS256, secret(&current)?, previous.as_ref().map(secret).transpose()?)
            }
            SigningKeys::Private(private) => {
                let key = EncodingKey::from_ed_der(private.der());
                (Algorithm::EdDSA, SigningKey { id: public_id(private.public()), key }, None)
            }
        };
        Ok(Self {
            sources,
            name: config.project_name.clone(),
            algorithm,
            current,
            previous,
            access_lifetime: config.access_token_lifetime,
            refresh_lifetime: config.refresh_token_lifetime,
        })
    }

    /// The lifetime and signing key of a new session.
    #[must_use]
    pub fn new_session(&self) -> NewSession {
        NewSession { lifetime: self.refresh_lifetime, key_id: self.current.id.clone() }
    }

    /// Both tokens of a session's generation. A generation always gets the same refresh token, as long as its key is
    /// configured.
    ///
    /// # Errors
    /// [`ApiError::Internal`].
    pub fn issue(&self, session: &Refreshed) -> Result<TokenPair, ApiError> {
        let now = self.sources.now();
        let access = Claims {
            iss: self.name.clone(),
            aud: access_audience(&self.name),
            sub: session.user,
            org: session.organization,
            rest: OfAccess { sid: session.session, role: session.role },
            iat: now.unix_seconds(),
            exp: now.unix_seconds().saturating_add(self.access_lifetime.as_secs()),
            nbf: None,
            jti: hex(&self.sources.bytes::<16>()),
        };
        let refresh = Claims {
            iss: self.name.clone(),
            aud: refresh_audience(&self.name),
            sub: session.user,
            org: session.organization,
            rest: OfRefresh {},
            iat: session.issued_at.unix_seconds(),
            exp: session.expires_at.unix_seconds(),
            nbf: None,
            jti: format!("{}.{}", session.session, session.generation),
        };
        let before = self.previous.as_ref().filter(|previous| previous.id == session.key_id);
        Ok(TokenPair {
            access_token: self.sign(ACCESS, &self.current, &access)?,
            token_type: "bearer",
            expires_in: self.access_lifetime.as_secs(),
            refresh_token: Some(self.sign(REFRESH, before.unwrap_or(&self.current), &refresh)?),
            refresh_expires_in: session.expires_at.since(now).as_secs(),
        })
    }

    fn sign(&self, kind: &str, key: &SigningKey, claims: &impl Serialize) -> Result<String, ApiError> {
        let mut header = Header::new(self.algorithm);
        header.typ = Some(kind.to_owned());
        header.kid = Some(key.id.clone());
        encode(&header, claims, &key.key).map_err(|error| ApiError::Internal(error.to_string()))
    }
}

impl Tokens {
    pub(crate) fn new(config: &Config, sources: Sources) -> Result<Self, ConfigError> {
        let secret = |secret: &Secret| {
            let key = DecodingKey::from_secret(secret.as_bytes()).map_err(unusable)?;
            Ok::<_, ConfigError>((secret_id(secret), key))
        };
        let public = |key: &PublicKey| (public_id(*key), DecodingKey::from_ed_der(&key.0));
        let (algorithm, keys) = match config.keys.verifying()? {
            VerifyingKeys::Secrets(secrets) => {
                (Algorithm::HS256, secrets.iter().map(secret).collect::<Result<_, _>>()?)
            }
            VerifyingKeys::Public(keys) => (Algorithm::EdDSA, keys.iter().map(public).collect()),
        };
        Ok(Self { sources, issuer: config.project_name.clone(), algorithm, keys, verified: VerifiedTokens::new() })
    }

    /// The claims of an access token. The signature of a token is verified once; its times are checked at each use.
    /// Only the store knows whether its session is alive.
    ///
    /// # Errors
    /// [`ApiError::Unauthenticated`] for any invalid token.
    pub fn verify_access(&self, token: &str) -> Result<AccessClaims, ApiError> {
        if let Some(VerifiedAccess { claims, times }) = self.verified.get(token) {
            let now = self.sources.now().unix_seconds();
            if now >= times.ends {
                self.verified.remove(token);
            }
            return if times.includes(now) { Ok(claims) } else { Err(ApiError::Unauthenticated) };
        }
        let verified = self.verify::<OfAccess>(token, ACCESS, &access_audience(&self.issuer));
        let Claims { sub, org, rest: OfAccess { sid, role }, exp, iat, nbf, .. } =
            verified.ok_or(ApiError::Unauthenticated)?;
        let times = Times::of(iat, nbf, exp);
        let millis = i64::try_from(exp.saturating_mul(1_000)).ok();
        let expires_at = millis.and_then(Timestamp::from_unix_millis);
        let expires_at = expires_at.ok_or(ApiError::Unauthenticated)?;
        let claim = Claim { organization: org, user: sub, session: Some(sid) };
        let claims = AccessClaims { claim, role, expires_at };
        self.verified.insert(token, VerifiedAccess { claims: claims.clone(), times });
        Ok(claims)
    }

    /// The content of a refresh token.
    ///
    /// # Errors
    /// [`ApiError::InvalidRefreshToken`] for any invalid token.
    pub fn verify_refresh(&self, token: &str) -> Result<Presented, ApiError> {
        let read = || {
            let claims = self.verify::<OfRefresh>(token, REFRESH, &refresh_audience(&self.issuer))?;
            let (session, generation) = claims.jti.split_once('.')?;
            Some(Presented {
                organization: claims.org,
                user: claims.sub,
                session: session.parse().ok()?,
                generation: generation.parse().ok()?,
            })
        };
        read().ok_or(ApiError::InvalidRefreshToken)
    }

    fn verify<R: DeserializeOwned>(&self, token: &str, kind: &str, audience: &str) -> Option<Claims<R>> {
        let header = URL_SAFE_NO_PAD.decode(token.split('.').next()?).ok()?;
        let header: StrictHeader = serde_json::from_slice(&header).ok()?;
        if header.alg.parse().ok() != Some(self.algorithm) || header.typ != kind {
            return None;
        }
        let (_, key) = self.keys.iter().find(|(id, _)| *id == header.kid)?;
        let mut validation = Validation::new(self.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Times are checked below, against the clock that was passed in.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = decode::<Claims<R>>(token, key, &validation).ok()?.claims;
        let times = Times::of(claims.iat, claims.nbf, claims.exp);
        times.includes(self.sources.now().unix_seconds()).then_some(claims)
    }
}
