//! `agent_telemetry`: counters a stock agent sends every few hours (agent-protocol 4.12). Nothing is answered; a hub may drop it.

use serde::{Deserialize, Serialize};

use super::{json_payload, null_default};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct AgentTelemetry {
    #[serde(default)]
    pub schema_version: u32,
    #[serde(default, deserialize_with = "null_default")]
    pub number_of_agent_reboot: i64,
    #[serde(default, deserialize_with = "null_default", rename = "NumberOfSSMWorkerReboot")]
    pub number_of_ssm_worker_reboot: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub number_of_in_proc_executer_start: i64,
    #[serde(default, deserialize_with = "null_default")]
    pub agent_version: String,
}
json_payload!(AgentTelemetry, AgentTelemetry);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Payload;

    #[test]
    fn golden() {
        let text = r#"{"SchemaVersion":1,"NumberOfAgentReboot":2,"NumberOfSSMWorkerReboot":1,"NumberOfInProcExecuterStart":0,"AgentVersion":"3.3.0.0"}"#;
        assert_eq!(AgentTelemetry::decode(text.as_bytes()).unwrap().encode(), text);
    }
}
