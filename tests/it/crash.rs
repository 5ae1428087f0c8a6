//! The hub is ended at each step of a command, as a power cut would end it, and started again: what was accepted comes to its right end, and every
//! script runs once.

use qd_hub::crash_point::{STEPS, VARIABLE};
use qd_tests::node::{key_pair, register_with};
use qd_tests::{Engine, TestAgent, TestHub, block_on, wait_until};
use serde_json::{Value, json};

/// A hub with one node, and what its scripts leave behind.
struct Scene {
    hub: TestHub,
    agent: TestAgent,
    commands: usize,
}

impl Scene {
    fn new(engine: Engine) -> Self {
        let hub = TestHub::start(engine);
        let agent = TestAgent::start(&hub, &[]);
        Self { hub, agent, commands: 0 }
    }

    /// Waits until the agent has nothing more to tell of earlier commands: told to a hub that is to end at a step of the next one, it would
    /// end it too early.
    fn rest(&self) {
        let empty = |folder| std::fs::read_dir(self.agent.data_dir().join(folder)).expect("a folder of the agent").next().is_none();
        wait_until("the agent to have told everything", 60, || (empty("documents") && empty("replies")).then_some(()));
    }

    /// Starts the hub anew; it will end at `step`.
    fn arm(&mut self, step: &str) {
        self.hub.kill();
        self.hub.run_with(&[(VARIABLE, step)]);
    }

    /// Sends a script; whether an answer came is up to the step.
    fn send(&self, script: &str) {
        let input = json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [self.agent.instance_id], "Parameters": { "commands": [script] } });
        self.hub.aws().cli(&["ssm", "send-command", "--cli-input-json", &input.to_string()]);
    }

    /// A script that leaves one mark for each time it runs.
    fn script(&self, step: &str) -> String {
        format!("echo ran >> {}; echo out-{step}; echo err-{step} >&2", self.mark(step).display())
    }

    fn mark(&self, step: &str) -> std::path::PathBuf {
        self.agent.data_dir().join(format!("mark-{step}"))
    }

    /// Starts the hub that has ended, and waits until the newest command has.
    fn ended(&mut self, step: &str) -> Value {
        self.hub.wait_gone(60);
        self.hub.run();
        self.commands += 1;
        let listed = wait_until(&format!("the command cut off at {step} to end"), 90, || {
            let listed = self.hub.aws().call("list-commands", &json!({}));
            let commands = listed["Commands"].as_array().expect("commands").clone();
            let open = ["Pending", "InProgress", "Cancelling"].contains(&commands.first()?["Status"].as_str()?);
            (!open && commands.len() >= self.commands).then_some(commands)
        });
        assert_eq!(listed.len(), self.commands, "{step}: one command is one command");
        let input = json!({ "CommandId": listed[0]["CommandId"], "InstanceId": self.agent.instance_id });
        self.hub.aws().call("get-command-invocation", &input)
    }

    /// Whole output as the console reads it.
    fn output(&self, command: &Value) -> String {
        let command = command.as_str().expect("an id");
        let path = format!("/quarterdeck/v1/commands/{command}/invocations/{}/steps/aws%3ArunShellScript/output", self.agent.instance_id);
        block_on(async {
            let request = qd_client::Request::get("ssm", &path).with_query("stream", "stdout");
            let answer = self.hub.console().send(request).await.expect("the output");
            String::from_utf8_lossy(&answer.body).into_owned()
        })
    }

    fn check(&mut self, step: &str) {
        let result = self.ended(step);
        assert_eq!(result["Status"], "Success", "{step}: {result}");
        assert_eq!(result["StandardOutputContent"], format!("out-{step}\n"), "{step}");
        assert_eq!(result["StandardErrorContent"], format!("err-{step}\n"), "{step}");
        assert_eq!(self.output(&result["CommandId"]), format!("out-{step}\n"), "{step}: the whole output");
        let ran = std::fs::read_to_string(self.mark(step)).expect("the script ran");
        assert_eq!(ran, "ran\n", "{step}: a script runs once");
    }
}

fn a_hub_that_ends_at_any_step_loses_and_repeats_nothing(engine: Engine) {
    let mut scene = Scene::new(engine);
    for step in STEPS {
        scene.rest();
        match *step {
            // Before a command, and another test.
            "registration-committed" => {}
            // Nothing was accepted, so nothing happens.
            "command-checked" => {
                scene.arm(step);
                scene.send(&scene.script(step));
                scene.hub.wait_gone(60);
                scene.hub.run();
                scene.agent.wait_online(&scene.hub);
                let listed = scene.hub.aws().call("list-commands", &json!({}));
                assert_eq!(listed["Commands"].as_array().map(Vec::len), Some(scene.commands), "what had no answer is not there");
                assert!(!scene.mark(step).exists());
            }
            // A node that was away comes: its command is handed out by the dispatcher, not by the request. It comes to a hub that dies of it.
            "dispatch-committed" | "channel-committed" => {
                scene.agent.kill();
                scene.arm(step);
                scene.send(&scene.script(step));
                scene.agent.run();
                scene.check(step);
            }
            "cancel-committed" => {
                scene.arm(step);
                scene.send(&format!("{}; sleep 300", scene.script(step)));
                let command = wait_until("the script to run", 60, || {
                    let listed = scene.hub.aws().call("list-command-invocations", &json!({ "InstanceId": scene.agent.instance_id }));
                    let newest = listed["CommandInvocations"][0].clone();
                    (newest["Status"] == "InProgress" && scene.mark(step).exists()).then(|| newest["CommandId"].clone())
                });
                let input = json!({ "CommandId": command });
                scene.hub.aws().cli(&["ssm", "cancel-command", "--cli-input-json", &input.to_string()]);
                let result = scene.ended(step);
                assert_eq!(result["Status"], "Cancelled", "{result}");
                assert_eq!(std::fs::read_to_string(scene.mark(step)).expect("the script ran"), "ran\n");
            }
            _ => {
                scene.arm(step);
                scene.agent.wait_online(&scene.hub);
                scene.send(&scene.script(step));
                scene.check(step);
            }
        }
    }
}

fn a_registration_whose_answer_was_lost_makes_one_node(engine: Engine) {
    let mut hub = TestHub::start(engine);
    let activation = hub.aws().call("create-activation", &json!({ "IamRole": "node", "RegistrationLimit": 5 }));
    let input = json!({
        "ActivationId": activation["ActivationId"], "ActivationCode": activation["ActivationCode"],
        "Fingerprint": "11111111-1111-4111-8111-111111111111", "PublicKey": key_pair().1, "PublicKeyType": "Rsa",
    });
    hub.kill();
    hub.run_with(&[(VARIABLE, "registration-committed")]);
    block_on(register_with(&hub, &input)).expect_err("the hub is gone before it answers");
    hub.wait_gone(60);
    hub.run();
    let id = block_on(register_with(&hub, &input)).expect("the same again")["InstanceId"].clone();
    let activations = hub.aws().call("describe-activations", &json!({}));
    assert_eq!(activations["ActivationList"][0]["RegistrationsCount"], 1);
    assert_eq!(block_on(register_with(&hub, &input)).expect("and again")["InstanceId"], id);
}

qd_tests::on_both_engines!(a_hub_that_ends_at_any_step_loses_and_repeats_nothing, a_registration_whose_answer_was_lost_makes_one_node);
