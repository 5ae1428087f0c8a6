//! Which nodes a command would touch, before it is sent.

use qd_model::ApiError;
use qd_model::shapes::shared::Target;
use qd_store::table::nodes;
use serde_json::json;

use super::{Request, Response};
use crate::cx::Cx;
use crate::fault::Fault;
use crate::ops::commands::resolve::runs_on;
use crate::ops::commands::targets;

/// Nodes that the answer names; the counts are over all.
const SAMPLE: usize = 50;

/// `GET targets/preview?targets=<JSON>&instanceIds=a,b&documentName=…`.
pub async fn get(cx: &Cx, request: &Request) -> Result<Response, ApiError> {
    let given: Vec<Target> = request.json("targets")?.unwrap_or_default();
    let named: Vec<String> = request.query("instanceIds").map(|ids| ids.split(',').map(str::to_owned).collect()).unwrap_or_default();
    let selectors = targets::parse(&given)?;
    let platforms = match request.query("documentName") {
        Some(name) => crate::ops::commands::document::resolve(cx, name, None).await?.platform_types,
        None => Vec::new(),
    };
    let found = cx
        .store()
        .read(move |tx| -> Result<_, Fault> {
            let ids = if named.is_empty() { targets::matching(tx, &selectors)? } else { named.clone() };
            let (mut online, mut unsupported, mut total, mut sample) = (0, 0, 0, Vec::new());
            for node in nodes::targets(tx, &ids)? {
                total += 1;
                online += i64::from(node.is_connected);
                let supported = runs_on(&platforms, &node.platform_type);
                unsupported += i64::from(!supported);
                if sample.len() < SAMPLE {
                    sample.push(json!({
                        "instanceId": node.instance_id,
                        "name": node.name,
                        "status": if node.is_connected { "Online" } else { "ConnectionLost" },
                        "platformType": node.platform_type,
                        "supported": supported,
                    }));
                }
            }
            Ok(json!({ "total": total, "online": online, "offline": total - online, "unsupported": unsupported, "sample": sample }))
        })
        .await?;
    Response::json(&found)
}
