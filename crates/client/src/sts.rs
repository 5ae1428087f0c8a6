//! The two operations of STS that a caller needs before any other: who am I, and let me be this role. They are of AWS's query protocol
//! (a form in, XML out), which is why they are not [`Client::call`].

use bytes::Bytes;
use jiff::Timestamp;
use qd_wire::sigv4::canonical::percent_encode;
use qd_wire::sigv4::{Credentials, Secret};
use qd_wire::xml;
use reqwest::Method;
use tokio::sync::Mutex;

use crate::call::Client;
use crate::credentials::{BoxFuture, CredentialError, Fresh, Refresh};
use crate::error::CallError;
use crate::raw::Request;

const VERSION: &str = "2011-06-15";
/// How long an assumed role lasts, in seconds: what every role allows.
const DURATION: &str = "3600";

/// Whom a service takes the caller for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    pub arn: String,
}

/// GetCallerIdentity: needs no permission, so its failure says that the credentials themselves are not good.
pub async fn caller_identity(client: &Client) -> Result<Identity, CallError> {
    let text = form(client, &[("Action", "GetCallerIdentity")], true).await?;
    let element = |name| xml::text_of(&text, name).filter(|text: &String| text.len() <= 2048);
    match (element("Account"), element("Arn")) {
        (Some(account), Some(arn)) => Ok(Identity { account, arn }),
        _ => Err(CallError::Answer("it names no caller")),
    }
}

async fn form(client: &Client, members: &[(&str, &str)], repeatable: bool) -> Result<String, CallError> {
    let encode = |text: &str| percent_encode(text.as_bytes(), false);
    let members = members.iter().chain(&[("Version", VERSION)]);
    let body: Vec<String> = members.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    let request = Request {
        method: Method::POST,
        content_type: Some("application/x-www-form-urlencoded; charset=utf-8".into()),
        body: Bytes::from(body.join("&")),
        repeatable,
        ..Request::get("sts", "/")
    };
    Ok(String::from_utf8_lossy(&client.send(request).await?.body).into_owned())
}

/// A role to take on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub arn: String,
    pub session_name: String,
    pub external_id: Option<String>,
    /// Serial number or ARN of the second factor that the role asks for.
    pub mfa_serial: Option<String>,
}

/// Credentials of a role, for [`crate::Refreshing`].
pub struct AssumedRole {
    sts: Client,
    role: Role,
    /// A code is good for one use.
    code: Mutex<Option<Secret>>,
}

impl AssumedRole {
    /// `sts` signs with the credentials that may take on the role; `code` is of the second factor, where the role has one.
    pub fn new(sts: Client, role: Role, code: Option<Secret>) -> Self {
        Self { sts, role, code: Mutex::new(code) }
    }
}

impl Refresh for AssumedRole {
    fn refresh(&self) -> BoxFuture<'_, Result<Fresh, CredentialError>> {
        Box::pin(async {
            let mut members = vec![
                ("Action", "AssumeRole"),
                ("RoleArn", self.role.arn.as_str()),
                ("RoleSessionName", self.role.session_name.as_str()),
                ("DurationSeconds", DURATION),
            ];
            if let Some(id) = &self.role.external_id {
                members.push(("ExternalId", id));
            }
            let code = match &self.role.mfa_serial {
                Some(_) => Some(self.code.lock().await.take().ok_or(CredentialError::Mfa)?),
                None => None,
            };
            if let (Some(serial), Some(code)) = (&self.role.mfa_serial, &code) {
                members.extend([("SerialNumber", serial.as_str()), ("TokenCode", code.expose())]);
            }
            let text = form(&self.sts, &members, code.is_none()).await.map_err(role_error)?;
            read_role(&text).ok_or_else(|| CredentialError::Role("the answer holds no credentials".into()))
        })
    }
}

fn role_error(error: CallError) -> CredentialError {
    match error {
        CallError::Service(error) => CredentialError::Role(error.to_string()),
        CallError::Credentials(error) => error,
        other => CredentialError::Fetch(other.to_string()),
    }
}

fn read_role(text: &str) -> Option<Fresh> {
    let element = |name| xml::text_of(text, name).filter(|text: &String| !text.is_empty());
    let token = Secret::from(element("SessionToken")?);
    let credentials = Credentials::new(element("AccessKeyId")?, element("SecretAccessKey")?, Some(token));
    let expires: Timestamp = element("Expiration")?.parse().ok()?;
    Some(Fresh { credentials, expires })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_roles_credentials_are_read_and_half_an_answer_is_none() {
        let whole = "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>s&amp;e</SecretAccessKey>\
                     <SessionToken>t</SessionToken><Expiration>2026-11-22T23:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
        let fresh = read_role(whole).unwrap();
        assert_eq!((fresh.credentials.access_key_id.as_str(), fresh.credentials.secret_access_key.expose()), ("ASIA1", "s&e"));
        assert_eq!(fresh.expires, "2026-11-22T23:00:00Z".parse().unwrap());
        assert!(read_role(&whole.replace("<SessionToken>t</SessionToken>", "")).is_none());
        assert!(read_role(&whole.replace("2026-11-22", "soon")).is_none());
    }
}
