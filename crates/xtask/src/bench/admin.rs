//! Why this exists: what a measurement asks of a hub, as any caller would: signed, over TLS.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail};
use qd_client::{AnswerStream, Client, Request};
use serde_json::{Value, json};

/// AWS allows this many nodes for one activation.
const NODES_OF_AN_ACTIVATION: usize = 1_000;
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks at a command.
const PAUSE: Duration = Duration::from_micros(500);

/// The account's administrator.
pub struct Admin {
    client: Client,
}

impl Admin {
    pub fn new(client: Client) -> Self {
        Admin { client }
    }

    pub async fn call(&self, operation: &str, input: Value) -> anyhow::Result<Value> {
        let target = format!("AmazonSSM.{operation}");
        self.client.call("ssm", &target, &input).await.with_context(|| operation.to_owned())
    }

    /// Activations enough for `nodes`, which will carry the tag `fleet=<name>`.
    pub async fn activations(&self, nodes: usize, name: &str) -> anyhow::Result<Vec<(String, String)>> {
        let count = nodes.div_ceil(NODES_OF_AN_ACTIVATION);
        let mut made = Vec::new();
        for _ in 0..count {
            let input = json!({
                "IamRole": "service-role/bench", "RegistrationLimit": nodes.div_ceil(count), "Tags": [{"Key": "fleet", "Value": name}],
            });
            let answer = self.call("CreateActivation", input).await?;
            let member = |name: &str| answer[name].as_str().map(str::to_owned).ok_or_else(|| anyhow!("no {name}"));
            made.push((member("ActivationId")?, member("ActivationCode")?));
        }
        Ok(made)
    }

    /// The first node's id, once one is online.
    pub async fn first_node(&self) -> anyhow::Result<String> {
        self.node_of("agent").await
    }

    /// The id of a node with the tag `fleet=<name>`, once it is online.
    pub async fn node_of(&self, fleet: &str) -> anyhow::Result<String> {
        let until = Instant::now() + PATIENCE;
        let input = json!({ "Filters": [{ "Key": "tag:fleet", "Values": [fleet] }] });
        while Instant::now() < until {
            let answer = self.call("DescribeInstanceInformation", input.clone()).await?;
            let node = &answer["InstanceInformationList"][0];
            if let (Some(id), Some("Online")) = (node["InstanceId"].as_str(), node["PingStatus"].as_str()) {
                return Ok(id.to_owned());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("no node came online")
    }

    /// The hub's events from now on.
    pub async fn events(&self) -> anyhow::Result<Events> {
        let mut stream = self.client.stream(Request::get("ssm", "/quarterdeck/v1/events")).await.context("following the events")?;
        // The first line says that the stream is open.
        stream.next_chunk().await?;
        Ok(Events { stream, text: Vec::new() })
    }

    /// Runs `true` on one node until its result says Success: the time in between. Asks for the result when the hub's events say that the
    /// command ended, as the console does: asking all the time would take from hub and agent what is measured.
    pub async fn round_trip_told(&self, instance_id: &str, events: &mut Events) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let command_id = self.send_true(instance_id).await?;
        tokio::time::timeout(PATIENCE, events.end_of(&command_id)).await.context("the command did not end")??;
        let asked = self.call("GetCommandInvocation", json!({ "CommandId": command_id, "InstanceId": instance_id })).await?;
        anyhow::ensure!(asked["Status"] == "Success", "the command ended as {}", asked["Status"]);
        Ok(begun.elapsed())
    }

    async fn send_true(&self, instance_id: &str) -> anyhow::Result<String> {
        let input = json!({
            "DocumentName": "AWS-RunShellScript", "InstanceIds": [instance_id], "Parameters": {"commands": ["true"]},
        });
        command_id(&self.call("SendCommand", input).await?)
    }

    /// As [`Admin::round_trip_told`], asking again and again as a caller without the events does.
    pub async fn round_trip(&self, instance_id: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let command_id = self.send_true(instance_id).await?;
        let input = json!({ "CommandId": command_id, "InstanceId": instance_id });
        while begun.elapsed() < PATIENCE {
            let asked = self.client.call("ssm", "AmazonSSM.GetCommandInvocation", &input).await;
            let status = match &asked {
                Ok(invocation) => invocation["Status"].as_str().unwrap_or_default(),
                Err(error) if error.code() == "InvocationDoesNotExist" => "Pending",
                Err(error) => bail!("GetCommandInvocation: {error}"),
            };
            match status {
                "Success" => return Ok(begun.elapsed()),
                "Pending" | "InProgress" | "Delayed" => {}
                other => bail!("the command ended as {other}"),
            }
            tokio::task::block_in_place(|| std::thread::sleep(PAUSE));
        }
        bail!("the command did not end")
    }

    /// Runs `true` on every node of a fleet until all results are stored: the time in between.
    pub async fn fan_out(&self, fleet: &str, nodes: usize) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let input = json!({
            "DocumentName": "AWS-RunShellScript", "Targets": [{"Key": "tag:fleet", "Values": [fleet]}],
            "Parameters": {"commands": ["true"]}, "MaxConcurrency": "100%", "MaxErrors": "100%",
        });
        let command_id = command_id(&self.call("SendCommand", input).await?)?;
        while begun.elapsed() < PATIENCE {
            let answer = self.call("ListCommands", json!({ "CommandId": command_id })).await?;
            let command = &answer["Commands"][0];
            if command["Status"] == "Success" {
                let stored = command["CompletedCount"].as_u64().unwrap_or_default();
                anyhow::ensure!(stored == nodes as u64, "{stored} of {nodes} results were stored");
                return Ok(begun.elapsed());
            }
            anyhow::ensure!(
                matches!(command["Status"].as_str(), Some("Pending" | "InProgress")),
                "the command ended as {}",
                command["Status"]
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("the command did not end")
    }
}

/// The hub's events, a line each.
pub struct Events {
    stream: AnswerStream,
    text: Vec<u8>,
}

impl Events {
    /// Waits until the command has ended.
    async fn end_of(&mut self, command_id: &str) -> anyhow::Result<()> {
        loop {
            while let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.text.drain(..=end).collect();
                let Ok(event) = serde_json::from_slice::<Value>(&line) else { continue };
                let (kind, detail) = (&event["detail-type"], &event["detail"]);
                let open = matches!(detail["status"].as_str(), Some("Pending" | "InProgress" | "Cancelling" | "Delayed"));
                if kind == "EC2 Command Status-change Notification" && detail["command-id"] == command_id && !open {
                    return Ok(());
                }
            }
            let chunk = self.stream.next_chunk().await?.context("the events ended")?;
            self.text.extend_from_slice(&chunk);
        }
    }
}

fn command_id(answer: &Value) -> anyhow::Result<String> {
    answer["Command"]["CommandId"].as_str().map(str::to_owned).ok_or_else(|| anyhow!("SendCommand answered no command"))
}
