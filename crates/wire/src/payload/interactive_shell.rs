//! `interactive_shell`: the hub starts a session on a node (agent-protocol 4.11). There is no acknowledgement; the sign of life
//! is the session's data channel.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{PayloadError, from_json, json_payload, null_default, to_json_text};

/// The envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct InteractiveShell {
    /// [`SessionContent`] as JSON text.
    #[serde(alias = "content")]
    pub content: String,
    /// The session id; AWS's own service writes something else here, and all names in lower camel case.
    #[serde(default, deserialize_with = "null_default", alias = "taskId")]
    pub task_id: String,
    #[serde(default, deserialize_with = "null_default", alias = "topic")]
    pub topic: String,
    #[serde(default, alias = "schemaVersion")]
    pub schema_version: u32,
}
json_payload!(InteractiveShell, InteractiveShell);

impl InteractiveShell {
    pub fn new(content: &SessionContent) -> Self {
        Self {
            content: to_json_text(content),
            task_id: content.session_id.clone(),
            topic: "aws.ssm.startSession".into(),
            schema_version: 1,
        }
    }

    pub fn session(&self) -> Result<SessionContent, PayloadError> {
        from_json(self.content.as_bytes())
    }
}

/// What to start.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SessionContent {
    pub document_name: String,
    pub document_content: SessionDocument,
    pub session_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub parameters: Map<String, Value>,
    #[serde(default, deserialize_with = "null_default")]
    pub run_as_user: String,
    /// ARN of the caller.
    #[serde(default, deserialize_with = "null_default")]
    pub session_owner: String,
}

/// A Session document; schema 1.0 is the only one there is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionDocument {
    pub schema_version: String,
    #[serde(default, deserialize_with = "null_default")]
    pub description: String,
    pub session_type: String,
    #[serde(default, deserialize_with = "null_default")]
    pub inputs: SessionInputs,
    #[serde(default, deserialize_with = "null_default")]
    pub parameters: Map<String, Value>,
    #[serde(default)]
    pub properties: Value,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionInputs {
    #[serde(default, deserialize_with = "null_default", rename = "s3BucketName")]
    pub s3_bucket_name: String,
    #[serde(default, deserialize_with = "null_default", rename = "s3KeyPrefix")]
    pub s3_key_prefix: String,
    #[serde(default, deserialize_with = "null_default", rename = "s3EncryptionEnabled")]
    pub s3_encryption_enabled: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_watch_log_group_name: String,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_watch_streaming_enabled: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub cloud_watch_encryption_enabled: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub kms_key_id: String,
    #[serde(default, deserialize_with = "null_default")]
    pub run_as_enabled: bool,
    #[serde(default, deserialize_with = "null_default")]
    pub run_as_default_user: String,
    #[serde(default, deserialize_with = "null_default")]
    pub shell_profile: ShellProfile,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ShellProfile {
    #[serde(default, deserialize_with = "null_default")]
    pub linux: String,
    #[serde(default, deserialize_with = "null_default")]
    pub windows: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text = r#"{"DocumentName":"SSM-SessionManagerRunShell","DocumentContent":{"schemaVersion":"1.0","description":"","sessionType":"Standard_Stream","inputs":{"s3BucketName":"","s3KeyPrefix":"","s3EncryptionEnabled":false,"cloudWatchLogGroupName":"","cloudWatchStreamingEnabled":false,"cloudWatchEncryptionEnabled":false,"kmsKeyId":"","runAsEnabled":false,"runAsDefaultUser":"","shellProfile":{"linux":"","windows":""}},"parameters":{},"properties":null},"SessionId":"user-0123456789abcdef0","Parameters":{},"RunAsUser":"","SessionOwner":"arn:aws:iam::000000000000:user/u"}"#;
        let content: SessionContent = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&content).unwrap(), text);
        let start = InteractiveShell::decode(&InteractiveShell::new(&content).encode()).unwrap();
        assert_eq!(start.task_id, content.session_id);
        assert_eq!(start.session().unwrap(), content);
    }
}
