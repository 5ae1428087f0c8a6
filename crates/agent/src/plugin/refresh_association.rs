//! `aws:refreshAssociation`: looks at the node's associations now instead of at the next poll.
//!
//! This agent does not run associations yet. It asks the hub for them and says what it found, rather than claiming to have
//! applied something.

use super::StepCx;
use crate::document::outcome::{Status, StepResult};
use crate::process::KILLED_CODE;
use serde_json::json;

/// Pages read at most; 20 associations each.
const PAGE_LIMIT: usize = 50;

/// Input: `associationIds[]`, empty for all.
pub async fn run(cx: &StepCx<'_>) -> Option<StepResult> {
    let wanted: Vec<String> = cx.inputs.lines("associationIds").into_iter().filter(|id| !id.trim().is_empty()).collect();
    let found = tokio::select! {
        biased;
        () = cx.cancel.cancelled() => return Some(StepResult::plain(cx.action, Status::Cancelled, i64::from(KILLED_CODE), "cancelled")),
        found = list(cx) => found,
    };
    Some(match found {
        Err(error) => StepResult::failed(cx.action, format!("The associations of this node cannot be listed: {error}")),
        Ok(found) => verdict(cx.action, &wanted, &found),
    })
}

fn verdict(action: &str, wanted: &[String], found: &[(String, String)]) -> StepResult {
    let missing: Vec<&str> = wanted.iter().filter(|id| !found.iter().any(|(known, _)| known == *id)).map(String::as_str).collect();
    if !missing.is_empty() {
        return StepResult::failed(action, format!("Not associated with this node: {}.", missing.join(", ")));
    }
    let due: Vec<String> =
        found.iter().filter(|(id, _)| wanted.is_empty() || wanted.contains(id)).map(|(id, name)| format!("{id} ({name})")).collect();
    if due.is_empty() {
        return StepResult::plain(action, Status::Success, 0, "This node has no associations.\n");
    }
    StepResult::failed(action, format!("This version of the agent does not apply associations; found and not applied: {}.", due.join(", ")))
}

async fn list(cx: &StepCx<'_>) -> Result<Vec<(String, String)>, qd_client::CallError> {
    let mut found = Vec::new();
    let mut token = None;
    for _ in 0..PAGE_LIMIT {
        let mut body = json!({ "InstanceId": cx.agent.registration.instance_id, "MaxResults": 20 });
        if let Some(token) = token {
            body["NextToken"] = token;
        }
        let answer = cx.agent.link.call("ListInstanceAssociations", &body).await?;
        for association in answer["Associations"].as_array().into_iter().flatten() {
            let text = |name: &str| association[name].as_str().unwrap_or_default().to_owned();
            found.push((text("AssociationId"), text("Name")));
        }
        match answer["NextToken"].as_str() {
            Some(next) if !next.is_empty() => token = Some(next.into()),
            _ => break,
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_claimed_that_was_not_done() {
        let found = [("a".to_owned(), "Doc".to_owned())];
        assert_eq!(verdict("x", &[], &[]).status, Status::Success);
        assert_eq!(verdict("x", &[], &found).status, Status::Failed);
        assert!(verdict("x", &["b".to_owned()], &found).note.contains("b"));
    }
}
