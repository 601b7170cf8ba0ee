//! Hashing and verifying passwords, each on its own thread and only with a [`Clearance`].

use stockroom_domain::user::Password;
use stockroom_store::{NewPassword, PasswordHash};

use crate::{
    auth::password::Verified,
    http::{app::App, limits::Clearance},
    problem::ApiError,
};

/// Hashes on its own thread, so that other requests of the process continue.
///
/// # Errors
/// [`ApiError::Internal`].
pub async fn hash(app: &App, clearance: &Clearance, password: Password) -> Result<NewPassword, ApiError> {
    let (app, hashes) = (app.clone(), clearance.hashes());
    aside(move || {
        hashes.add(1);
        let hash = app.hasher().hash(password.reveal())?;
        Ok(NewPassword { password, hash })
    })
    .await
}

/// Verifies on its own thread.
///
/// # Errors
/// [`ApiError::Internal`].
pub async fn verify(
    app: &App,
    clearance: &Clearance,
    password: String,
    hash: Option<PasswordHash>,
) -> Result<Verified, ApiError> {
    let (app, hashes) = (app.clone(), clearance.hashes());
    aside(move || {
        let verified = app.hasher().verify(&password, hash.as_ref())?;
        hashes.add(verified.hashes);
        Ok(verified)
    })
    .await
}

async fn aside<T: Send + 'static>(work: impl FnOnce() -> Result<T, ApiError> + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::Internal(error.to_string()))?
}
