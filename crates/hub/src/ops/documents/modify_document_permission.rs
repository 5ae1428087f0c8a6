//! ModifyDocumentPermission: shares a document with accounts or with everybody, and ends shares (semantics 3.4).

use std::collections::BTreeSet;

use qd_model::ApiError;
use qd_model::shapes::documents::{ModifyDocumentPermissionInput, ModifyDocumentPermissionOutput};
use qd_store::Tx;
use qd_store::table::document_shares::{self, EVERYBODY};

use super::find::own;
use super::{MAX_PUBLIC, MAX_SHARES};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::settings;

/// Which versions are shared when the caller does not say.
const DEFAULT_VERSION: &str = "$DEFAULT";

pub async fn run(cx: &Cx, input: ModifyDocumentPermissionInput) -> Result<ModifyDocumentPermissionOutput, ApiError> {
    let remove = accounts(input.account_ids_to_remove)?;
    // What is both added and removed ends up removed.
    let add: Vec<String> = accounts(input.account_ids_to_add)?.into_iter().filter(|id| !remove.contains(id)).collect();
    if add.is_empty() && remove.is_empty() {
        return Err(ApiError::validation("Name at least one account, or All, in AccountIdsToAdd or AccountIdsToRemove."));
    }
    let shared_version = input.shared_document_version.unwrap_or_else(|| DEFAULT_VERSION.to_owned());
    let (name, own_cx) = (input.name, cx.clone());
    cx.store()
        .write(move |tx| -> Result<_, Fault> {
            let document = own(&own_cx, tx, "ModifyDocumentPermission", &name)?;
            for account in &remove {
                document_shares::remove(tx, &document.name, account)?;
            }
            for account in &add {
                document_shares::put(tx, &document.name, account, &shared_version)?;
            }
            check(tx, &document.name, &add)?;
            tx.notify(super::TOPIC);
            Ok(())
        })
        .await?;
    Ok(ModifyDocumentPermissionOutput {})
}

fn limit(text: impl Into<String>) -> ApiError {
    ApiError::new("DocumentPermissionLimit", text)
}

/// The accounts of one list, `All` in the spelling that is stored.
fn accounts(list: Option<Vec<String>>) -> Result<BTreeSet<String>, ApiError> {
    let accounts: BTreeSet<String> =
        list.unwrap_or_default().into_iter().map(|id| if id.eq_ignore_ascii_case(EVERYBODY) { EVERYBODY.to_owned() } else { id }).collect();
    if accounts.len() > 1 && accounts.contains(EVERYBODY) {
        return Err(limit("Accounts can either be all or a group of AWS accounts"));
    }
    Ok(accounts)
}

/// Looks at what the change led to; an error takes it back.
fn check(tx: &mut Tx<'_>, name: &str, added: &[String]) -> Result<(), Fault> {
    if document_shares::count(tx, name)? > MAX_SHARES {
        return Err(limit(format!("A document can be shared with at most {MAX_SHARES} accounts.")).into());
    }
    if added.iter().any(|id| id == EVERYBODY) {
        if settings::value(tx, settings::PUBLIC_SHARING)? == "Disable" {
            let text = format!("Public sharing of documents is switched off by the service setting {}.", settings::PUBLIC_SHARING);
            return Err(ApiError::validation(text).into());
        }
        if document_shares::public(tx)?.len() > MAX_PUBLIC {
            return Err(limit(format!("An account can share at most {MAX_PUBLIC} documents publicly.")).into());
        }
    }
    Ok(())
}
