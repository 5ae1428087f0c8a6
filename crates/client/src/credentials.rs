//! Where the keys of a call come from: given, read from a shared credentials file, from AWS's standard chain (feature
//! `aws-chain`), or fetched again and again as a node does.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use qd_wire::sigv4::{Credentials, Secret};
use tokio::sync::Mutex;

/// A boxed future, so that sources can stand behind `dyn`.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

const MAX_FILE_BYTES: u64 = 1024 * 1024;

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    #[error("there are no credentials to sign with")]
    None,
    #[error("the credentials file {path} cannot be read: {cause}")]
    File { path: PathBuf, cause: String },
    #[error("the credentials file has no profile {0} with an access key")]
    Profile(String),
    #[error("the credentials have expired")]
    Expired,
    /// The place they come from did not answer; later it may.
    #[error("credentials could not be fetched: {0}")]
    Fetch(String),
    /// The role is not to be had with these credentials.
    #[error("the role could not be assumed: {0}")]
    Role(String),
    #[error("the role wants the code of a second factor")]
    Mfa,
}

impl CredentialError {
    pub fn code(&self) -> &'static str {
        match self {
            Self::None | Self::File { .. } | Self::Profile(_) => "NoCredentials",
            Self::Expired => "ExpiredCredentials",
            Self::Fetch(_) => "CredentialsUnavailable",
            Self::Role(_) => "RoleRefused",
            Self::Mfa => "MfaRequired",
        }
    }

    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Fetch(_))
    }
}

/// Gives the credentials of the moment.
pub trait CredentialSource: Send + Sync {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>>;

    /// Told when the service refused what [`CredentialSource::credentials`] gave, so that kept ones are dropped.
    fn refused(&self, _access_key_id: &str) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// No credentials: only anonymous and RSA-signed calls can be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

impl CredentialSource for Anonymous {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        Box::pin(std::future::ready(Err(CredentialError::None)))
    }
}

/// Credentials that were handed over.
#[derive(Debug, Clone)]
pub struct StaticCredentials(pub Credentials);

impl CredentialSource for StaticCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

/// One profile of a shared credentials file, read anew for each call: whoever writes the file may change it any time.
#[derive(Debug, Clone)]
pub struct SharedFile {
    path: PathBuf,
    profile: String,
}

impl SharedFile {
    pub fn new(path: impl Into<PathBuf>, profile: impl Into<String>) -> Self {
        Self { path: path.into(), profile: profile.into() }
    }

    fn error(&self, cause: impl std::fmt::Display) -> CredentialError {
        CredentialError::File { path: self.path.clone(), cause: cause.to_string() }
    }
}

impl CredentialSource for SharedFile {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        Box::pin(async {
            let text = read_bounded(&self.path).await.map_err(|error| self.error(error))?;
            read_profile(&text, &self.profile).ok_or_else(|| CredentialError::Profile(self.profile.clone()))
        })
    }
}

async fn read_bounded(path: &Path) -> std::io::Result<String> {
    if tokio::fs::metadata(path).await?.len() > MAX_FILE_BYTES {
        return Err(std::io::Error::other("it is too large"));
    }
    tokio::fs::read_to_string(path).await
}

/// Reads a profile of an INI file as AWS's tools write it. Also takes `[profile name]`, the form of the config file.
pub fn read_profile(text: &str, profile: &str) -> Option<Credentials> {
    let (mut key, mut secret, mut token) = (None, None, None);
    let mut inside = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            let name = section.split(']').next().unwrap_or_default().trim();
            inside = name == profile || name.strip_prefix("profile ").is_some_and(|name| name.trim() == profile);
            continue;
        }
        let Some((name, value)) = line.split_once('=').filter(|_| inside) else { continue };
        let slot = match name.trim().to_ascii_lowercase().as_str() {
            "aws_access_key_id" => &mut key,
            "aws_secret_access_key" => &mut secret,
            "aws_session_token" => &mut token,
            _ => continue,
        };
        *slot = Some(value.trim()).filter(|value| !value.is_empty());
    }
    Some(Credentials::new(key?, secret?, token.map(Secret::from)))
}

/// Names of the profiles in a shared credentials or config file, in order, at most 500.
pub fn profile_names(text: &str) -> Vec<String> {
    let sections = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.split(']').next());
    let mut names = Vec::new();
    for section in sections.map(str::trim) {
        // The config file has sections of other kinds too.
        let name = section.strip_prefix("profile ").map_or(section, str::trim);
        let other = ["sso-session ", "services ", "plugins"].iter().any(|kind| section.starts_with(kind));
        if !other && !name.is_empty() && name.len() <= 200 && !names.iter().any(|known| known == name) && names.len() < 500 {
            names.push(name.to_owned());
        }
    }
    names
}

/// Temporary credentials as they were just fetched.
#[derive(Debug, Clone)]
pub struct Fresh {
    pub credentials: Credentials,
    pub expires: Timestamp,
}

/// Fetches temporary credentials; for a node, the role token.
pub trait Refresh: Send + Sync {
    fn refresh(&self) -> BoxFuture<'_, Result<Fresh, CredentialError>>;
}

/// Says what time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The wall clock.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Keeps temporary credentials and fetches new ones at half of their life, one fetch at a time. While a fetch fails, the kept
/// ones serve until they expire.
pub struct Refreshing<R> {
    refresh: R,
    clock: Clock,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    fresh: Fresh,
    renew: Timestamp,
}

/// After a failed fetch the kept credentials serve this long before the next one.
const PAUSE: SignedDuration = SignedDuration::from_secs(10);
/// Kept credentials are not used in the last moments of their life.
const MARGIN: SignedDuration = SignedDuration::from_secs(5);

impl<R: Refresh> Refreshing<R> {
    pub fn new(refresh: R, clock: Clock) -> Self {
        Self { refresh, clock, kept: Mutex::new(None) }
    }

    /// Starts with credentials saved earlier, so that a restart needs no fetch while they are good.
    pub fn with_saved(refresh: R, clock: Clock, fresh: Fresh) -> Self {
        let kept = Kept::new(fresh, clock());
        Self { refresh, clock, kept: Mutex::new(Some(kept)) }
    }
}

impl Kept {
    fn new(fresh: Fresh, now: Timestamp) -> Self {
        let half = fresh.expires.duration_since(now) / 2;
        Self { renew: now.checked_add(half).unwrap_or(now), fresh }
    }
}

impl<R: Refresh> CredentialSource for Refreshing<R> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, CredentialError>> {
        Box::pin(async {
            let mut kept = self.kept.lock().await;
            let now = (self.clock)();
            if let Some(kept) = kept.as_ref().filter(|kept| now < kept.renew) {
                return Ok(kept.fresh.credentials.clone());
            }
            match self.refresh.refresh().await {
                Ok(fresh) if fresh.expires <= now => Err(CredentialError::Expired),
                Ok(fresh) => Ok(kept.insert(Kept::new(fresh, now)).fresh.credentials.clone()),
                Err(error) => match kept.as_mut().filter(|kept| now.duration_since(kept.fresh.expires) < -MARGIN) {
                    Some(kept) => {
                        tracing::warn!(code = error.code(), %error, "credentials could not be renewed, the old ones serve on");
                        kept.renew = now.checked_add(PAUSE).unwrap_or(now);
                        Ok(kept.fresh.credentials.clone())
                    }
                    None => Err(error),
                },
            }
        })
    }

    fn refused<'a>(&'a self, access_key_id: &str) -> BoxFuture<'a, ()> {
        let access_key_id = access_key_id.to_owned();
        Box::pin(async move {
            let mut kept = self.kept.lock().await;
            if kept.as_ref().is_some_and(|kept| kept.fresh.credentials.access_key_id == access_key_id) {
                *kept = None;
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    #[test]
    fn profiles_are_found_as_awss_tools_write_them() {
        let text = "# c\n[default]\naws_access_key_id = AKID\naws_secret_access_key=se=cret\n\n[profile dev]\nAWS_ACCESS_KEY_ID=B\naws_secret_access_key = s\naws_session_token = t\nregion=x\n[half]\naws_access_key_id = C\naws_secret_access_key =\n";
        let default = read_profile(text, "default").unwrap();
        assert_eq!((default.access_key_id.as_str(), default.secret_access_key.expose()), ("AKID", "se=cret"));
        assert!(default.session_token.is_none());
        assert_eq!(read_profile(text, "dev").unwrap().session_token.unwrap().expose(), "t");
        assert!(read_profile(text, "half").is_none() && read_profile(text, "other").is_none());
    }

    #[test]
    fn profiles_are_listed_once_and_nothing_else() {
        let text = "[default]\nregion=x\n[profile dev]\n[sso-session corp]\n[services s]\n[profile dev]\n[ profile  prod ]\n[]\nx=[y]\n";
        assert_eq!(profile_names(text), ["default", "dev", "prod"]);
    }

    #[tokio::test]
    async fn a_missing_file_says_so() {
        let error = SharedFile::new("/does/not/exist", "default").credentials().await.unwrap_err();
        assert_eq!(error.code(), "NoCredentials");
        assert!(error.to_string().contains("/does/not/exist"));
    }

    /// A clock that is set by hand, and a source that fails from time to time.
    struct Source {
        now: Arc<AtomicI64>,
        fetched: Arc<AtomicUsize>,
        fails: Arc<AtomicUsize>,
    }

    impl Refresh for Source {
        fn refresh(&self) -> BoxFuture<'_, Result<Fresh, CredentialError>> {
            Box::pin(async {
                if self.fails.load(Ordering::SeqCst) > 0 {
                    return Err(CredentialError::Fetch("hub away".into()));
                }
                let count = self.fetched.fetch_add(1, Ordering::SeqCst) + 1;
                let expires = Timestamp::from_second(self.now.load(Ordering::SeqCst) + 3600).unwrap();
                Ok(Fresh { credentials: Credentials::new(format!("K{count}"), "s", None), expires })
            })
        }
    }

    #[tokio::test]
    async fn renewed_at_half_life_and_kept_while_the_source_is_away() {
        let (now, fails) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicUsize::new(0)));
        let source = Source { now: now.clone(), fetched: Arc::default(), fails: fails.clone() };
        let clock = now.clone();
        let refreshing = Refreshing::new(source, Arc::new(move || Timestamp::from_second(clock.load(Ordering::SeqCst)).unwrap()));
        let key = async || refreshing.credentials().await.map(|credentials| credentials.access_key_id);
        assert_eq!(key().await.unwrap(), "K1");
        now.store(1799, Ordering::SeqCst);
        assert_eq!(key().await.unwrap(), "K1");
        now.store(1800, Ordering::SeqCst);
        assert_eq!(key().await.unwrap(), "K2");
        fails.store(1, Ordering::SeqCst);
        now.store(1800 + 3594, Ordering::SeqCst);
        assert_eq!(key().await.unwrap(), "K2");
        now.store(1800 + 3606, Ordering::SeqCst);
        assert_eq!(key().await.unwrap_err().code(), "CredentialsUnavailable");
        fails.store(0, Ordering::SeqCst);
        assert_eq!(key().await.unwrap(), "K3");
        refreshing.refused("K1").await;
        assert_eq!(key().await.unwrap(), "K3");
        refreshing.refused("K3").await;
        assert_eq!(key().await.unwrap(), "K4");
    }
}
