//! DescribeDocumentPermission: with whom a document of this account is shared.

use qd_model::shapes::documents::{AccountSharingInfo, DescribeDocumentPermissionInput, DescribeDocumentPermissionOutput};
use qd_model::{ApiError, Operation};
use qd_store::table::document_shares;

use super::find::own;
use crate::cx::Cx;
use crate::fault::Fault;
use crate::page::Page;

pub async fn run(cx: &Cx, input: DescribeDocumentPermissionInput) -> Result<DescribeDocumentPermissionOutput, ApiError> {
    let operation = Operation::DescribeDocumentPermission;
    // AccountIdList holds 20, so that many come without MaxResults.
    let page = Page::open(cx, operation, &input.name, input.next_token.as_deref(), input.max_results, 20)?;
    let after = match page.after.as_deref() {
        None => String::new(),
        Some([account]) => account.clone(),
        Some(_) => return Err(page.invalid()),
    };
    let fetch = page.fetch() as i64;
    let (name, own_cx) = (input.name, cx.clone());
    let rows = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let document = own(&own_cx, tx, operation.name(), &name)?;
            Ok(document_shares::list(tx, &document.name, &after, fetch)?)
        })
        .await?;
    let (rows, next_token) = page.cut(rows, |share| vec![share.account_id.clone()]);
    let account_ids = rows.iter().map(|share| share.account_id.clone()).collect();
    let account_sharing_info_list = rows
        .into_iter()
        .map(|share| AccountSharingInfo { account_id: Some(share.account_id), shared_document_version: Some(share.shared_version) })
        .collect();
    Ok(DescribeDocumentPermissionOutput {
        account_ids: Some(account_ids),
        account_sharing_info_list: Some(account_sharing_info_list),
        next_token,
    })
}
