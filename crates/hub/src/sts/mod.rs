//! As much of STS as every SDK needs: GetCallerIdentity, by which clients check that their credentials are good. And the temporary
//! credentials that nodes get, in [`session`].

pub mod session;

use bytes::Bytes;
use qd_store::table::{nodes, principals};
use qd_wire::query::{self, QueryRequest, STS_NAMESPACE};
use sha2::{Digest, Sha256};

use crate::cx::{Cx, Principal};
use qd_model::ApiError;

/// The only version of the API there is.
const VERSION: &str = "2011-06-15";

/// Answers a form of the query protocol with XML.
pub async fn call(cx: &Cx, form: &QueryRequest) -> Result<Bytes, ApiError> {
    if form.action != "GetCallerIdentity" || (!form.version.is_empty() && form.version != VERSION) {
        let shown: String = form.action.chars().take(128).collect();
        let version: String = form.version.chars().take(32).collect();
        return Err(ApiError::new(
            "InvalidAction",
            format!("Could not find operation {shown} for version {version}. This hub serves GetCallerIdentity of STS and no other."),
        ));
    }
    let (user_id, arn) = match &cx.caller().principal {
        Principal::User { name, arn, .. } => {
            let name = name.clone();
            let row = cx.store().read(move |tx| principals::get(tx, &name)).await.map_err(|e| ApiError::internal().with_source(e))?;
            (row.map_or_else(|| cx.account().to_owned(), |row| row.user_id), arn.clone())
        }
        // A node's credentials are those of its role, in a session named after the node, as on AWS.
        Principal::Node { instance_id } => {
            let id = instance_id.clone();
            let node = cx.store().read(move |tx| nodes::get(tx, &id)).await.map_err(|e| ApiError::internal().with_source(e))?;
            let role = node.map(|node| node.iam_role).unwrap_or_default();
            let name = role.rsplit('/').next().unwrap_or_default();
            (format!("{}:{instance_id}", role_id(&role)), format!("arn:aws:sts::{}:assumed-role/{name}/{instance_id}", cx.account()))
        }
        Principal::Anonymous => return Err(crate::cx::denied(&cx.caller_arn(), "GetCallerIdentity", "*")),
    };
    let members = [("UserId", user_id.as_str()), ("Account", cx.account()), ("Arn", arn.as_str())];
    Ok(query::response(STS_NAMESPACE, "GetCallerIdentity", &members, &cx.request_id().to_string()).into())
}

/// A role's unique id in the form of IAM's, always the same for the same role.
fn role_id(role: &str) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let letters = Sha256::digest(role.as_bytes()).into_iter().take(17).filter_map(|byte| ALPHABET.get(usize::from(byte % 32)));
    format!("AROA{}", letters.map(|letter| char::from(*letter)).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::role_id;

    #[test]
    fn a_role_keeps_its_id() {
        assert_eq!(role_id("node"), role_id("node"));
        assert_ne!(role_id("node"), role_id("other"));
        assert!(role_id("node").len() == 21 && role_id("node").starts_with("AROA"));
    }
}
