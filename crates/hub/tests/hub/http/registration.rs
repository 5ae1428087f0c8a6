//! A machine's way to becoming a node, and what a node may do (agent-protocol 2, 3; semantics 13.2).

use qd_store::testing::TestDatabase;
use serde_json::json;

use super::client::{DAY, MINUTE, ONE, ONE_ROTATED, TWO, TestHub};

async fn a_machine_becomes_a_node_with_name_role_and_tags(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let activation =
        hub.activation(json!({ "IamRole": "nodes", "DefaultInstanceName": "web", "Tags": [{ "Key": "role", "Value": "web" }] })).await;
    assert_eq!((activation.0.len(), activation.1.len()), (36, 20));
    let answer = hub.register(&activation, &ONE).await;
    let node = answer.json()["InstanceId"].as_str().unwrap().to_owned();
    assert!(node.starts_with("mi-") && node.len() == 20 && node[3..].bytes().all(|b| b.is_ascii_hexdigit()), "{node}");

    let credentials = hub.role_token(&node, &ONE).await;
    let mut ping = hub.ssm(
        "UpdateInstanceInformation",
        &json!({ "InstanceId": node, "AgentName": "amazon-ssm-agent", "AgentVersion": "3.3.0.0", "AgentStatus": "Active", "PlatformType": "Linux",
            "PlatformName": "Debian GNU/Linux", "PlatformVersion": "12", "ComputerName": "host", "IPAddress": "10.0.0.5", "AvailabilityZone": "",
            "SSMConnectionChannel": "" }),
    );
    ping.sign(&credentials, "ssm", hub.now());
    assert_eq!(hub.raw(&ping.bytes()).await.json(), json!({}));

    let list = hub.call("DescribeInstanceInformation", &json!({ "Filters": [{ "Key": "tag:role", "Values": ["web"] }] })).await.json();
    let one = &list["InstanceInformationList"][0];
    for (member, value) in [
        ("InstanceId", node.as_str()),
        ("PingStatus", "Online"),
        ("Name", "web"),
        ("IamRole", "nodes"),
        ("ActivationId", &activation.0),
        ("PlatformName", "Debian GNU/Linux"),
        ("IPAddress", "10.0.0.5"),
        ("ResourceType", "ManagedInstance"),
    ] {
        assert_eq!(one[member], value, "{member} in {list}");
    }
    hub.clock.advance(12 * MINUTE);
    let list = hub.call("DescribeInstanceInformation", &json!({})).await.json();
    assert_eq!(list["InstanceInformationList"][0]["PingStatus"], "ConnectionLost");

    let activations = hub.call("DescribeActivations", &json!({})).await.json();
    assert_eq!(activations["ActivationList"][0]["RegistrationsCount"], 1);
    assert!(!activations.to_string().contains(&activation.1), "the code is told only once");
}

async fn used_up_expired_wrong_and_deleted_activations_are_refused(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let activation = hub.activation(json!({ "IamRole": "nodes" })).await;
    let wrong = (activation.0.clone(), "A".repeat(20));
    assert_eq!(hub.register(&wrong, &ONE).await.code(), "InvalidActivation");
    let unknown = ("00000000-0000-4000-8000-000000000000".to_owned(), activation.1.clone());
    assert_eq!(hub.register(&unknown, &ONE).await.code(), "InvalidActivation");
    assert_eq!(hub.register(&activation, &ONE).await.status, 200);
    let full = hub.register(&activation, &TWO).await;
    assert_eq!((full.code(), full.json()["message"].as_str().unwrap().contains("limit")), ("InvalidActivation".to_owned(), true));

    let expiring = hub.activation(json!({ "IamRole": "nodes" })).await;
    hub.clock.advance(DAY);
    let late = hub.register(&expiring, &TWO).await;
    assert_eq!((late.code(), late.json()["message"].as_str().unwrap().contains("expired")), ("InvalidActivation".to_owned(), true));

    let deleted = hub.activation(json!({ "IamRole": "nodes" })).await;
    assert_eq!(hub.call("DeleteActivation", &json!({ "ActivationId": deleted.0 })).await.status, 200);
    assert_eq!(hub.register(&deleted, &TWO).await.code(), "InvalidActivation");
    assert_eq!(hub.call("DeleteActivation", &json!({ "ActivationId": deleted.0 })).await.code(), "InvalidActivation");
}

async fn a_replayed_registration_makes_no_second_node(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let activation = hub.activation(json!({ "IamRole": "nodes", "RegistrationLimit": 5 })).await;
    let first = hub.register(&activation, &ONE).await.json();
    // The answer was lost and the agent asks again.
    assert_eq!(hub.register(&activation, &ONE).await.json(), first);
    // The same machine with another key, and another machine with the same key.
    assert_eq!(hub.register(&activation, &ONE_ROTATED).await.code(), "InstanceAlreadyRegistered");
    let clone = super::client::Machine { fingerprint: TWO.fingerprint, ..ONE };
    assert_eq!(hub.register(&activation, &clone).await.code(), "PublicKeyAlreadyRegistered");
    let activations = hub.call("DescribeActivations", &json!({})).await.json();
    assert_eq!(activations["ActivationList"][0]["RegistrationsCount"], 1);
    // Deregistered, the machine needs another activation.
    let node = first["InstanceId"].as_str().unwrap();
    assert_eq!(hub.call("DeregisterManagedInstance", &json!({ "InstanceId": node })).await.status, 200);
    assert_eq!(hub.register(&activation, &ONE).await.code(), "InstanceAlreadyRegistered");
    let other = hub.activation(json!({ "IamRole": "nodes" })).await;
    assert_ne!(hub.register(&other, &ONE).await.json()["InstanceId"], node);
}

async fn malformed_registrations_are_refused(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let (id, code) = hub.activation(json!({ "IamRole": "nodes" })).await;
    let whole = json!({ "ActivationId": id, "ActivationCode": code, "Fingerprint": ONE.fingerprint, "PublicKey": ONE.public, "PublicKeyType": "Rsa" });
    for (member, value, expected) in [
        ("PublicKey", json!("AAAA"), "InvalidPublicKey"),
        ("PublicKeyType", json!("Ed25519"), "InvalidPublicKey"),
        ("ActivationCode", json!("short"), "ValidationException"),
        ("ActivationCode", json!(7), "SerializationException"),
        ("Fingerprint", json!(null), "ValidationException"),
        ("Fingerprint", json!("not a uuid"), "ValidationException"),
    ] {
        let mut input = whole.clone();
        input[member] = value;
        assert_eq!(hub.raw(&hub.ssm("RegisterManagedInstance", &input).bytes()).await.code(), expected, "{member}");
    }
    let activations = hub.call("DescribeActivations", &json!({})).await.json();
    assert_eq!(activations["ActivationList"][0]["RegistrationsCount"], 0);
}

async fn a_node_acts_for_itself_alone(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let (one, credentials) = hub.node(&ONE).await;
    let (two, _) = hub.node(&TWO).await;
    for (operation, input) in [
        ("UpdateInstanceInformation", json!({ "InstanceId": two, "PlatformType": "Linux" })),
        ("ListInstanceAssociations", json!({ "InstanceId": two })),
        ("SendCommand", json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [one] })),
        ("DescribeInstanceInformation", json!({})),
        ("CreateActivation", json!({ "IamRole": "nodes" })),
        ("DeregisterManagedInstance", json!({ "InstanceId": two })),
        // Only the node's own key may ask for these, not its credentials.
        ("RequestManagedInstanceRoleToken", json!({ "Fingerprint": ONE.fingerprint })),
    ] {
        let mut request = hub.ssm(operation, &input);
        request.sign(&credentials, "ssm", hub.now());
        let answer = hub.raw(&request.bytes()).await;
        let expected = if operation == "RequestManagedInstanceRoleToken" { "UnrecognizedClientException" } else { "AccessDeniedException" };
        assert_eq!(answer.code(), expected, "{operation}");
        if expected == "AccessDeniedException" {
            let text = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(text.starts_with("User: arn:aws:"), "{text}");
            assert!(text.contains(&format!("is not authorized to perform: ssm:{operation} on resource:")), "{text}");
        }
    }
    let mut own = hub.ssm("ListInstanceAssociations", &json!({ "InstanceId": one, "MaxResults": 20 }));
    own.sign(&credentials, "ssm", hub.now());
    assert_eq!(hub.raw(&own.bytes()).await.json(), json!({ "Associations": [] }));
    // An administrator is no node.
    assert_eq!(hub.call("UpdateInstanceInformation", &json!({ "InstanceId": one })).await.code(), "AccessDeniedException");
}

async fn role_tokens_need_the_nodes_key_and_fingerprint(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let (node, _) = hub.node(&ONE).await;
    let ask = |machine: &super::client::Machine, fingerprint: &str| {
        let mut request = hub.ssm("RequestManagedInstanceRoleToken", &json!({ "Fingerprint": fingerprint }));
        request.sign_rsa(&node, machine, hub.now());
        request.bytes()
    };
    assert_eq!(hub.raw(&ask(&TWO, ONE.fingerprint)).await.code(), "InvalidSignatureException");
    assert_eq!(hub.raw(&ask(&ONE, TWO.fingerprint)).await.code(), "MachineFingerprintDoesNotMatch");
    let answer = hub.raw(&ask(&ONE, ONE.fingerprint)).await.json();
    assert_eq!(answer["UpdateKeyPair"], false);
    assert_eq!(answer["TokenExpirationDate"].as_f64().unwrap(), (hub.now() + 60 * MINUTE) as f64 / 1_000.0);
}

async fn the_old_key_works_until_the_new_one_signs(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let (node, _) = hub.node(&ONE).await;
    let ask = |machine: &super::client::Machine| {
        let mut request = hub.ssm("RequestManagedInstanceRoleToken", &json!({ "Fingerprint": ONE.fingerprint }));
        request.sign_rsa(&node, machine, hub.now());
        request.bytes()
    };
    assert_eq!(hub.raw(&ask(&ONE_ROTATED)).await.code(), "InvalidSignatureException");
    let mut rotate = hub.ssm("UpdateManagedInstancePublicKey", &json!({ "NewPublicKey": ONE_ROTATED.public, "NewPublicKeyType": "Rsa" }));
    rotate.sign_rsa(&node, &ONE, hub.now());
    assert_eq!(hub.raw(&rotate.bytes()).await.json(), json!({}));
    assert_eq!(hub.raw(&ask(&ONE)).await.status, 200);
    assert_eq!(hub.raw(&ask(&ONE_ROTATED)).await.status, 200);
    assert_eq!(hub.raw(&ask(&ONE)).await.code(), "InvalidSignatureException");
    assert_eq!(hub.raw(&ask(&ONE_ROTATED)).await.status, 200);
}

async fn keys_are_rotated_on_request_and_by_age(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let (node, _) = hub.node(&ONE).await;
    let asked = async |machine: &super::client::Machine| {
        let mut request = hub.ssm("RequestManagedInstanceRoleToken", &json!({ "Fingerprint": machine.fingerprint }));
        request.sign_rsa(&node, machine, hub.now());
        hub.raw(&request.bytes()).await.json()["UpdateKeyPair"].as_bool().unwrap()
    };
    let announce = async |from: &super::client::Machine, to: &super::client::Machine| {
        let mut rotate = hub.ssm("UpdateManagedInstancePublicKey", &json!({ "NewPublicKey": to.public, "NewPublicKeyType": "Rsa" }));
        rotate.sign_rsa(&node, from, hub.now());
        assert_eq!(hub.raw(&rotate.bytes()).await.json(), json!({}));
    };
    let rotate = async |node: &str| {
        let mut request = super::client::Request::new("POST", &format!("/quarterdeck/v1/nodes/{node}/rotate-key"), &hub.host());
        request.sign(&hub.administrator(), "ssm", hub.now());
        hub.raw(&request.bytes()).await
    };
    hub.clock.advance(400 * DAY);
    assert!(!asked(&ONE).await, "nobody asked");
    assert_eq!(rotate("mi-00000000000000000").await.code(), "InvalidInstanceId");
    assert_eq!(rotate(&node).await.status, 200);
    assert!(asked(&ONE).await);
    assert!(asked(&ONE).await, "until it is done");
    announce(&ONE, &ONE_ROTATED).await;
    assert!(!asked(&ONE_ROTATED).await);
    assert_eq!(
        hub.raw(&hub.ssm("RequestManagedInstanceRoleToken", &json!({})).bytes()).await.code(),
        "MissingAuthenticationTokenException"
    );

    let days = json!({ "SettingId": "/quarterdeck/managed-instance/key-rotation-days", "SettingValue": "30" });
    assert_eq!(hub.call("UpdateServiceSetting", &days).await.json(), json!({}));
    hub.clock.advance(30 * DAY - MINUTE);
    assert!(!asked(&ONE_ROTATED).await, "the key counts from its first use, not from the registration");
    hub.clock.advance(MINUTE);
    assert!(asked(&ONE_ROTATED).await);
    announce(&ONE_ROTATED, &ONE).await;
    assert!(asked(&ONE_ROTATED).await, "the new key has not signed");
    assert!(!asked(&ONE).await);
}

async fn deregistering_ends_a_nodes_credentials_at_once(database: TestDatabase) {
    let hub = TestHub::on(database).await;
    let (node, credentials) = hub.node(&ONE).await;
    let list = || {
        let mut request = hub.ssm("ListInstanceAssociations", &json!({ "InstanceId": node }));
        request.sign(&credentials, "ssm", hub.now());
        request.bytes()
    };
    assert_eq!(hub.raw(&list()).await.status, 200);
    assert_eq!(hub.call("DeregisterManagedInstance", &json!({ "InstanceId": node })).await.status, 200);
    assert_eq!(hub.raw(&list()).await.code(), "UnrecognizedClientException");
    assert_eq!(hub.call("DeregisterManagedInstance", &json!({ "InstanceId": node })).await.code(), "InvalidInstanceId");
}

qd_store::on_both_engines! {
    a_machine_becomes_a_node_with_name_role_and_tags,
    used_up_expired_wrong_and_deleted_activations_are_refused,
    a_replayed_registration_makes_no_second_node,
    malformed_registrations_are_refused,
    a_node_acts_for_itself_alone,
    role_tokens_need_the_nodes_key_and_fingerprint,
    the_old_key_works_until_the_new_one_signs,
    keys_are_rotated_on_request_and_by_age,
    deregistering_ends_a_nodes_credentials_at_once,
}
