//! Pages of every list operation: where a page starts, how long it may be, and the NextToken that leads on (semantics 0.11).
//!
//! Lists are paged by key, never by offset: a token carries the sort key of the last row given out, so that rows added or removed in between
//! neither repeat nor hide others. A token opens only for the operation, the filters and the account it was made for; its seal is made
//! with the hub's master key, so a forged or foreign one is told apart from an old one without keeping any state.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use qd_model::{ApiError, Operation};
use serde::Serialize;
use subtle::ConstantTimeEq;

use crate::cx::Cx;
use crate::sealed::MasterKey;

/// No token of ours is longer; a longer one is not looked at.
const MAX_TOKEN: usize = 8 * 1024;
/// Bytes of the seal in front of the keys.
const SEAL: usize = 16;
const LABEL: &str = "page token";

/// One page of a list: the rows after `after`, at most `limit` of them.
#[derive(Debug)]
pub struct Page<'a> {
    /// Sort key of the last row of the page before; `None` on the first page.
    pub after: Option<Vec<String>>,
    /// Rows this page may hold. Ask the store for [`Page::fetch`] rows to learn whether another page follows.
    pub limit: usize,
    key: &'a MasterKey,
    binding: String,
    operation: Operation,
}

impl<'a> Page<'a> {
    /// Opens the page that `next_token` leads to, the first one without a token.
    ///
    /// `filters` is everything of the input that decides which rows are listed and in what order. `max_results` has passed the shape's
    /// limits already; `default` is the operation's page length without it.
    ///
    /// Errors: `InvalidNextToken` where the operation models it, otherwise `ValidationException`.
    pub fn open<F: Serialize>(
        cx: &'a Cx,
        operation: Operation,
        filters: &F,
        next_token: Option<&str>,
        max_results: Option<i32>,
        default: usize,
    ) -> Result<Self, ApiError> {
        let filters = serde_json::to_string(filters).map_err(|e| ApiError::internal().with_source(e))?;
        let key = &cx.shared().master_key;
        let limit = max_results.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(default);
        Self::new(key, cx.account(), operation, &filters, limit, next_token)
    }

    fn new(
        key: &'a MasterKey,
        account: &str,
        operation: Operation,
        filters: &str,
        limit: usize,
        next_token: Option<&str>,
    ) -> Result<Self, ApiError> {
        // Lengths make the parts unmistakable.
        let name = operation.name();
        let binding = format!("{}:{name}{}:{account}{}:{filters}", name.len(), account.len(), filters.len());
        let mut page = Self { after: None, limit, key, binding, operation };
        // Some SDKs send an empty token for the first page.
        if let Some(token) = next_token.filter(|t| !t.is_empty()) {
            page.after = Some(page.unseal(token).ok_or_else(|| page.invalid())?);
        }
        Ok(page)
    }

    /// Rows to ask the store for: one more than fit, which tells that another page follows.
    pub fn fetch(&self) -> usize {
        self.limit + 1
    }

    /// The token that leads to the rows after the one with this sort key.
    pub fn next(&self, keys: &[String]) -> String {
        let text = serde_json::Value::from(keys.to_vec()).to_string();
        let mut bytes = self.seal(&text).to_vec();
        bytes.extend_from_slice(text.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Cuts rows fetched with [`Page::fetch`] down to the page, with the token when another page follows.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> Vec<String>) -> (Vec<T>, Option<String>) {
        if rows.len() <= self.limit {
            return (rows, None);
        }
        rows.truncate(self.limit);
        let token = rows.last().map(|row| self.next(&key(row)));
        (rows, token)
    }

    /// The answer to a token whose keys do not have the form the operation gave them.
    pub fn invalid(&self) -> ApiError {
        let message = "The specified token is not valid.";
        if self.operation.errors().contains(&"InvalidNextToken") {
            ApiError::new("InvalidNextToken", message)
        } else {
            ApiError::validation(message)
        }
    }

    fn seal(&self, keys: &str) -> [u8; SEAL] {
        let mac = self.key.derive(LABEL, format!("{}{keys}", self.binding).as_bytes());
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&mac[..SEAL]);
        seal
    }

    fn unseal(&self, token: &str) -> Option<Vec<String>> {
        if token.len() > MAX_TOKEN {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (seal, keys) = bytes.split_at_checked(SEAL)?;
        let keys = std::str::from_utf8(keys).ok()?;
        if !bool::from(self.seal(keys).ct_eq(seal)) {
            return None;
        }
        serde_json::from_str(keys).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page<'a>(key: &'a MasterKey, account: &str, operation: Operation, filters: &str, token: Option<&str>) -> Result<Page<'a>, ApiError> {
        Page::new(key, account, operation, filters, 2, token)
    }

    #[test]
    fn a_token_opens_only_for_what_it_was_made_for() {
        let key = MasterKey::from_bytes([7; 32]);
        let first = page(&key, "1", Operation::ListDocuments, "f", None).unwrap();
        assert_eq!(first.after, None);
        let token = first.next(&["a".to_owned(), "\"ü".to_owned()]);
        let second = page(&key, "1", Operation::ListDocuments, "f", Some(&token)).unwrap();
        assert_eq!(second.after, Some(vec!["a".to_owned(), "\"ü".to_owned()]));

        let refused = |r: Result<Page<'_>, ApiError>| r.unwrap_err().code;
        assert_eq!(refused(page(&key, "2", Operation::ListDocuments, "f", Some(&token))), "InvalidNextToken");
        assert_eq!(refused(page(&key, "1", Operation::ListDocuments, "g", Some(&token))), "InvalidNextToken");
        assert_eq!(refused(page(&key, "1", Operation::ListDocumentVersions, "f", Some(&token))), "InvalidNextToken");
        assert_eq!(refused(page(&key, "1", Operation::DescribeMaintenanceWindows, "f", Some(&token))), "ValidationException");
        let other = MasterKey::from_bytes([8; 32]);
        assert_eq!(refused(page(&other, "1", Operation::ListDocuments, "f", Some(&token))), "InvalidNextToken");
    }

    #[test]
    fn garbage_is_refused() {
        let key = MasterKey::from_bytes([7; 32]);
        let good = page(&key, "1", Operation::ListDocuments, "f", None).unwrap().next(&["a".to_owned()]);
        for n in 1..good.len() {
            assert!(page(&key, "1", Operation::ListDocuments, "f", Some(&good[..n])).is_err(), "prefix of {n}");
        }
        for token in ["x", "!!", "AAAA", &"A".repeat(MAX_TOKEN + 1)] {
            assert!(page(&key, "1", Operation::ListDocuments, "f", Some(token)).is_err());
        }
        assert!(page(&key, "1", Operation::ListDocuments, "f", Some("")).is_ok());
    }

    #[test]
    fn a_page_is_cut_at_its_limit() {
        let key = MasterKey::from_bytes([7; 32]);
        let first = page(&key, "1", Operation::ListDocuments, "f", None).unwrap();
        assert_eq!(first.fetch(), 3);
        let (rows, token) = first.cut(vec!["a", "b"], |r| vec![(*r).to_owned()]);
        assert_eq!((rows.len(), token), (2, None));
        let (rows, token) = first.cut(vec!["a", "b", "c"], |r| vec![(*r).to_owned()]);
        assert_eq!(rows, ["a", "b"]);
        let second = page(&key, "1", Operation::ListDocuments, "f", token.as_deref()).unwrap();
        assert_eq!(second.after, Some(vec!["b".to_owned()]));
    }
}
