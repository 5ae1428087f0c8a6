//! Activations and nodes as the AWS CLI and boto3 see them, and what a machine may do with what it was given: register within its activation,
//! and act for itself alone until it is deregistered.

use qd_tests::node::{HandNode, key_pair, register_with};
use qd_tests::{Engine, TestAgent, TestHub, block_on, wait_until};
use serde_json::{Value, json};

fn activations_are_made_listed_and_deleted(engine: Engine) {
    let hub = TestHub::start(engine);
    hub.aws().boto3(
        r#"
now = datetime.datetime.now(datetime.timezone.utc)
hours = lambda n: now + datetime.timedelta(hours=n)
made = aws('ssm', 'create-activation', '--iam-role', 'nodes', '--description', 'Web 서버', '--default-instance-name', 'web', '--registration-limit', '3',
           '--expiration-date', hours(2).isoformat(), '--tags', 'Key=role,Value=web', 'Key=empty,Value=')
same((len(made['ActivationId']), len(made['ActivationCode'])), (36, 20))
others = [ssm.create_activation(IamRole=role)['ActivationId'] for role in ['nodes', 'other', 'service-role/path']]
listed = aws('ssm', 'describe-activations')['ActivationList']
same([a['ActivationId'] for a in listed], [*reversed(others), made['ActivationId']], 'newest first')
one = listed[-1]
same([one[key] for key in ('Description', 'DefaultInstanceName', 'IamRole', 'RegistrationLimit', 'RegistrationsCount', 'Expired', 'Tags')],
     ['Web 서버', 'web', 'nodes', 3, 0, False, [{'Key': 'role', 'Value': 'web'}, {'Key': 'empty', 'Value': ''}]])
same((listed[0]['RegistrationLimit'], 'Description' in listed[0], 'DefaultInstanceName' in listed[0]), (1, False, False), 'defaults')
def about(at, expected):
    assert abs((at - expected).total_seconds()) < 120, (at, expected)
typed = {a['ActivationId']: a for a in ssm.describe_activations()['ActivationList']}
about(typed[made['ActivationId']]['ExpirationDate'], hours(2))
about(typed[others[0]]['ExpirationDate'], hours(24))
about(typed[others[0]]['CreatedDate'], now)
assert made['ActivationCode'] not in json.dumps(listed), 'a code is told once'

def found(*filters):
    filters = [{'FilterKey': key, 'FilterValues': values} for key, values in filters]
    return [a['ActivationId'] for a in ssm.describe_activations(Filters=filters)['ActivationList']]
same(found(('IamRole', ['nodes'])), [others[0], made['ActivationId']])
same(found(('IamRole', ['nodes', 'other'])), [others[1], others[0], made['ActivationId']])
same(found(('ActivationIds', [others[2], others[0]])), [others[2], others[0]])
same(found(('DefaultInstanceName', ['web']), ('IamRole', ['nodes'])), [made['ActivationId']])
same(found(('DefaultInstanceName', ['web']), ('IamRole', ['other'])), [])
same(aws('ssm', 'describe-activations', '--filters', 'FilterKey=IamRole,FilterValues=other')['ActivationList'][0]['ActivationId'], others[1])
pages = list(ssm.get_paginator('describe_activations').paginate(PaginationConfig={'PageSize': 3}))
same([len(page['ActivationList']) for page in pages], [3, 1])
token = ssm.describe_activations(MaxResults=1)['NextToken']
no = lambda **members: refused(unchecked.describe_activations, **members)
same(no(NextToken=token, Filters=[{'FilterKey': 'IamRole', 'FilterValues': ['nodes']}]), 'InvalidNextToken', 'a token of other filters')
same(no(NextToken='garbage'), 'InvalidNextToken')
same([no(MaxResults=n) for n in (0, 51)], ['ValidationException'] * 2)
same(no(Filters=[{'FilterKey': 'Colour', 'FilterValues': ['red']}]), 'ValidationException')
same([no(Filters=[filter]) for filter in ({'FilterKey': 'IamRole'}, {'FilterValues': ['x']}, {'FilterKey': 'IamRole', 'FilterValues': []})], ['InvalidFilter'] * 3)

def bad(expected, **members):
    same(refused(unchecked.create_activation, **{'IamRole': 'nodes', **members}), expected, members)
bad('ValidationException', IamRole='x' * 65)
bad('ValidationException', IamRole='aws-service-role/ssm.amazonaws.com/AWSServiceRoleForAmazonSSM')
bad('ValidationException', Description='x' * 257)
bad('ValidationException', DefaultInstanceName='<web>')
bad('ValidationException', RegistrationLimit=0)
bad('ValidationException', RegistrationLimit=1001)
bad('InvalidParameters', ExpirationDate=hours(-1))
bad('InvalidParameters', ExpirationDate=hours(24 * 30 + 1))
bad('InvalidParameters', RegistrationMetadata=[{'Key': 'a', 'Value': 'b'}])
bad('ValidationException', Tags=[{'Key': 'aws:x', 'Value': 'v'}])
bad('ValidationException', Tags=[{'Key': 'a', 'Value': 'v'}, {'Key': 'a', 'Value': 'w'}])
same(refused(unchecked.create_activation), 'ValidationException')
same(len(ssm.describe_activations()['ActivationList']), 4, 'what was refused made nothing')

same(aws('ssm', 'delete-activation', '--activation-id', others[0]), None)
same(cli_refused('ssm', 'delete-activation', '--activation-id', others[0]), 'InvalidActivation')
same(cli_refused('ssm', 'delete-activation', '--activation-id', 'no-uuid'), 'InvalidActivationId')
same(found(('IamRole', ['nodes'])), [made['ActivationId']])
"#,
    );
}

/// What a machine sends to register.
fn request(activation: &Value, fingerprint: &str, public_key: &str) -> Value {
    json!({
        "ActivationId": activation["ActivationId"], "ActivationCode": activation["ActivationCode"], "Fingerprint": fingerprint,
        "PublicKey": public_key, "PublicKeyType": "Rsa",
    })
}

fn machines_register_within_their_activation(engine: Engine) {
    let hub = TestHub::start(engine);
    let made = hub.aws().boto3(
        r#"
soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=5)
made = [ssm.create_activation(IamRole='nodes', **more) for more in ({'RegistrationLimit': 2}, {'ExpirationDate': soon, 'RegistrationLimit': 9}, {}, {})]
print(json.dumps([{key: a[key] for key in ('ActivationId', 'ActivationCode')} for a in made]))"#,
    );
    let [two, expiring, deleted, other] = made.as_array().expect("activations").as_slice() else { panic!("four activations: {made}") };
    let fingerprint = |n: u32| format!("{n:08}-1111-4111-8111-111111111111");
    let keys: Vec<String> = (0..3).map(|_| key_pair().1).collect();
    block_on(async {
        let register = async |activation: &Value, machine: u32, key: &str| {
            let answer = register_with(&hub, &request(activation, &fingerprint(machine), key)).await;
            answer.map(|a| a["InstanceId"].as_str().expect("an id").to_owned()).map_err(|e| e.code().to_owned())
        };
        let refused = |code: &str| Err::<String, _>(code.to_owned());
        let first = register(two, 1, &keys[0]).await.expect("the first machine");
        assert_eq!(register(two, 1, &keys[0]).await.as_ref(), Ok(&first), "a replay, because the answer was lost, makes no second node");
        assert_eq!(register(two, 1, &keys[1]).await, refused("InstanceAlreadyRegistered"));
        assert_eq!(register(two, 2, &keys[0]).await, refused("PublicKeyAlreadyRegistered"));
        let second = register(two, 2, &keys[1]).await.expect("the second machine");
        assert_eq!(register(two, 3, &keys[2]).await, refused("InvalidActivation"), "it is used up");
        assert_eq!(register(two, 1, &keys[0]).await, Ok(first.clone()), "also when it is used up");
        let mut wrong = other.clone();
        wrong["ActivationCode"] = two["ActivationCode"].clone();
        assert_eq!(register(&wrong, 3, &keys[2]).await, refused("InvalidActivation"));
        hub.aws().boto3_given(
            &json!({ "two": two["ActivationId"], "deleted": deleted["ActivationId"], "nodes": [first, second] }),
            r#"
one = ssm.describe_activations(Filters=[{'FilterKey': 'ActivationIds', 'FilterValues': [given['two']]}])['ActivationList'][0]
same((one['RegistrationsCount'], one['RegistrationLimit']), (2, 2))
listed = ssm.describe_instance_information(Filters=[{'Key': 'ActivationIds', 'Values': [given['two']]}])['InstanceInformationList']
same(sorted(i['InstanceId'] for i in listed), sorted(given['nodes']))
ssm.delete_activation(ActivationId=given['deleted'])
ssm.deregister_managed_instance(InstanceId=given['nodes'][0])
while not [a for a in ssm.describe_activations()['ActivationList'] if a['Expired']]: time.sleep(0.2)
"#,
        );
        assert_eq!(register(deleted, 3, &keys[2]).await, refused("InvalidActivation"));
        assert_eq!(register(expiring, 3, &keys[2]).await, refused("InvalidActivation"), "it has expired");
        assert_eq!(register(two, 1, &keys[0]).await, refused("InstanceAlreadyRegistered"), "deregistered, it needs another activation");
        let again = register(other, 1, &keys[0]).await.expect("another activation");
        assert_ne!(again, first);
    });
}

fn nodes_are_listed_by_every_filter(engine: Engine) {
    let hub = TestHub::start(engine);
    let made = hub.aws().boto3(
        r#"
web = ssm.create_activation(IamRole='nodes', RegistrationLimit=6, DefaultInstanceName='web', Tags=[{'Key': 'role', 'Value': 'web'}])
db = ssm.create_activation(IamRole='other', Tags=[{'Key': 'role', 'Value': 'db'}, {'Key': 'env', 'Value': ''}])
print(json.dumps([{key: a[key] for key in ('ActivationId', 'ActivationCode')} for a in (web, db)]))"#,
    );
    let nodes: Vec<HandNode> = block_on(async {
        let mut nodes = Vec::new();
        for n in 0..7 {
            let node = HandNode::register_by(&hub, &made[usize::from(n == 6)]).await;
            let (kind, name, version) =
                if n < 2 { ("Windows", "Microsoft Windows Server", "2022") } else { ("Linux", "Debian GNU/Linux", "12") };
            let input = json!({
                "AgentName": "amazon-ssm-agent", "AgentStatus": "Active", "AgentVersion": format!("3.{}.0.0", n + 5), "ComputerName": format!("host-{n}"),
                "IPAddress": format!("10.0.0.{n}"), "InstanceId": node.instance_id, "PlatformName": name, "PlatformType": kind, "PlatformVersion": version,
            });
            node.call("UpdateInstanceInformation", &input).await.expect("the heartbeat");
            nodes.push(node);
        }
        nodes
    });
    let ids: Vec<&str> = nodes.iter().map(|n| n.instance_id.as_str()).collect();
    hub.aws().boto3_given(
        &json!({ "ids": ids, "web": made[0]["ActivationId"], "db": made[1]["ActivationId"] }),
        r#"
ids = given['ids']
def numbers(listed):
    return sorted(ids.index(i['InstanceId']) for i in listed)
def found(*filters):
    return numbers(ssm.describe_instance_information(Filters=[{'Key': k, 'Values': v} for k, v in filters])['InstanceInformationList'])
everyone = list(range(7))
for filters, expected in [
    ([], everyone),
    ([('InstanceIds', [ids[3], ids[1]])], [1, 3]),
    ([('InstanceIds', ['mi-00000000000000000'])], []),
    ([('AgentVersion', ['3.5.0.0', '3.7.0.0'])], [0, 2]),
    ([('PingStatus', ['Online'])], everyone),
    ([('PingStatus', ['ConnectionLost'])], []),
    ([('PlatformTypes', ['Windows'])], [0, 1]),
    ([('PlatformTypes', ['Windows', 'Linux'])], everyone),
    ([('ActivationIds', [given['db']])], [6]),
    ([('IamRole', ['nodes'])], [0, 1, 2, 3, 4, 5]),
    ([('ResourceType', ['ManagedInstance'])], everyone),
    ([('ResourceType', ['EC2Instance'])], []),
    ([('AssociationStatus', ['Success'])], []),
    ([('SourceIds', [ids[4]])], [4]),
    ([('SourceTypes', ['AWS::SSM::ManagedInstance'])], everyone),
    ([('tag-key', ['env'])], [6]),
    ([('tag:role', ['web'])], [0, 1, 2, 3, 4, 5]),
    ([('tag:role', ['web']), ('PlatformTypes', ['Linux']), ('AgentVersion', ['3.7.0.0', '3.5.0.0'])], [2]),
]:
    same(found(*filters), expected, filters)
def legacy(key, *values):
    return numbers(ssm.describe_instance_information(InstanceInformationFilterList=[{'key': key, 'valueSet': list(values)}])['InstanceInformationList'])
same(legacy('PlatformTypes', 'Windows'), [0, 1])
same(legacy('ActivationIds', given['db']), [6])
same(numbers(aws('ssm', 'describe-instance-information', '--filters', 'Key=tag:role,Values=db,none')['InstanceInformationList']), [6])

one = ssm.describe_instance_information(Filters=[{'Key': 'InstanceIds', 'Values': [ids[0]]}])['InstanceInformationList'][0]
same([one[key] for key in ('PingStatus', 'AgentVersion', 'PlatformType', 'PlatformName', 'PlatformVersion', 'ActivationId', 'IamRole', 'ResourceType',
     'Name', 'IPAddress', 'ComputerName', 'SourceId', 'SourceType')],
     ['Online', '3.5.0.0', 'Windows', 'Microsoft Windows Server', '2022', given['web'], 'nodes', 'ManagedInstance', 'web', '10.0.0.0', 'host-0', ids[0],
      'AWS::SSM::ManagedInstance'])
assert one['RegistrationDate'] <= one['LastPingDateTime']
pages = list(ssm.get_paginator('describe_instance_information').paginate(PaginationConfig={'PageSize': 5}))
same([len(page['InstanceInformationList']) for page in pages], [5, 2])
token = ssm.describe_instance_information(MaxResults=5)['NextToken']
no = lambda **members: refused(unchecked.describe_instance_information, **members)
same(no(NextToken=token, Filters=[{'Key': 'PingStatus', 'Values': ['Online']}]), 'InvalidNextToken')
same([no(MaxResults=n) for n in (4, 51)], ['ValidationException'] * 2)
same(no(Filters=[{'Key': 'Colour', 'Values': ['red']}]), 'InvalidFilterKey')
same(no(Filters=[{'Key': 'PingStatus', 'Values': ['Asleep']}]), 'InvalidInstanceInformationFilterValue')
same(no(Filters=[{'Key': 'PlatformTypes', 'Values': []}]), 'ValidationException')
same(no(Filters=[{'Key': 'PingStatus', 'Values': ['Online']}], InstanceInformationFilterList=[{'key': 'PingStatus', 'valueSet': ['Online']}]), 'ValidationException')
same(no(InstanceInformationFilterList=[{'key': 'tag-key', 'valueSet': ['a']}]), 'ValidationException')

def having(key, operator, *values):
    filters = [{'Key': key, 'Values': list(values), 'Operator': operator}]
    return numbers(ssm.describe_instance_properties(FiltersWithOperator=filters)['InstanceProperties'])
for filter, expected in [
    (('AgentVersion', 'LessThan', '3.7.0.0'), [0, 1]),
    (('AgentVersion', 'GreaterThan', '3.9.0.0'), [5, 6]),
    (('AgentVersion', 'BeginWith', '3.1'), [5, 6]),
    (('PlatformTypes', 'NotEqual', 'Linux'), [0, 1]),
    (('InstanceIds', 'Equal', ids[2]), [2]),
    (('ActivationIds', 'NotEqual', given['web']), [6]),
    (('IamRole', 'BeginWith', 'oth'), [6]),
    (('PingStatus', 'NotEqual', 'Online'), []),
    (('DocumentName', 'Equal', 'x'), []),
    (('tag:role', 'Equal', 'db'), [6]),
]:
    same(having(*filter), expected, filter)
legacy = [{'key': 'PlatformTypes', 'valueSet': ['Linux']}, {'key': 'IamRole', 'valueSet': ['nodes']}]
same(numbers(ssm.describe_instance_properties(InstancePropertyFilterList=legacy)['InstanceProperties']), [2, 3, 4, 5])
same(numbers(aws('ssm', 'describe-instance-properties')['InstanceProperties']), everyone)
pages = list(ssm.get_paginator('describe_instance_properties').paginate(PaginationConfig={'PageSize': 5}))
same([len(page['InstanceProperties']) for page in pages], [5, 2])
no = lambda **members: refused(unchecked.describe_instance_properties, **members)
same([no(MaxResults=n) for n in (4, 1001)], ['ValidationException'] * 2)
same(no(NextToken='garbage'), 'InvalidNextToken')
same(no(FiltersWithOperator=[{'Key': 'Colour', 'Values': ['red']}]), 'InvalidFilterKey')
same(no(FiltersWithOperator=[{'Key': 'PingStatus', 'Values': ['Asleep']}]), 'InvalidInstancePropertyFilterValue')
same(no(FiltersWithOperator=[{'Key': 'PingStatus', 'Values': ['Online'], 'Operator': 'Like'}]), 'ValidationException')
same(no(FiltersWithOperator=[]), 'ValidationException')

same(aws('ssm', 'update-managed-instance-role', '--instance-id', ids[0], '--iam-role', 'new'), None)
same(found(('IamRole', ['new'])), [0])
same(cli_refused('ssm', 'update-managed-instance-role', '--instance-id', 'mi-00000000000000000', '--iam-role', 'new'), 'InvalidInstanceId')
same(refused(unchecked.update_managed_instance_role, InstanceId=ids[0], IamRole='x' * 65), 'ValidationException')
same(refused(unchecked.update_managed_instance_role, InstanceId=ids[0], IamRole='aws-service-role/x'), 'ValidationException')
same(refused(unchecked.update_managed_instance_role, InstanceId='i-short', IamRole='new'), 'ValidationException')
"#,
    );
}

fn a_nodes_credentials_are_for_that_node_alone(engine: Engine) {
    let hub = TestHub::start(engine);
    let (one, other) = block_on(async { (HandNode::register(&hub, &[]).await, HandNode::register(&hub, &[]).await) });
    hub.aws().boto3_given(
        &json!({ "keys": one.credentials(), "own": one.instance_id, "other": other.instance_id }),
        r#"
node, own, other = client(**given['keys']), given['own'], given['other']
# What nodes need is open to them.
assert json.loads(node.get_document(Name='AWS-RunShellScript')['Content'])['schemaVersion']
node.describe_document(Name='AWS-RunShellScript')
sts = boto3.client('sts', **given['keys']).get_caller_identity()
assert sts['Arn'].endswith(':assumed-role/node/' + own) and sts['UserId'].endswith(':' + own), sts
# What people do is not, for itself or for others.
script = {'DocumentName': 'AWS-RunShellScript', 'Parameters': {'commands': ['true']}}
for call, members in [
    (node.send_command, {**script, 'InstanceIds': [own]}), (node.send_command, {**script, 'InstanceIds': [other]}),
    (node.list_commands, {}), (node.list_command_invocations, {'InstanceId': other}), (node.describe_instance_information, {}),
    (node.get_command_invocation, {'CommandId': '11111111-2222-4333-8444-555555555555', 'InstanceId': own}),
    (node.cancel_command, {'CommandId': '11111111-2222-4333-8444-555555555555'}),
    (node.create_activation, {'IamRole': 'nodes'}), (node.describe_activations, {}),
    (node.deregister_managed_instance, {'InstanceId': other}), (node.deregister_managed_instance, {'InstanceId': own}),
    (node.update_managed_instance_role, {'InstanceId': own, 'IamRole': 'admin'}),
    (node.add_tags_to_resource, {'ResourceType': 'ManagedInstance', 'ResourceId': own, 'Tags': [{'Key': 'role', 'Value': 'web'}]}),
    (node.create_document, {'Name': 'Mine', 'Content': '{}'}), (node.delete_document, {'Name': 'Mine'}),
    (node.update_service_setting, {'SettingId': '/ssm/managed-instance/activation-tier', 'SettingValue': 'advanced'}),
    (node.put_inventory, {'InstanceId': other, 'Items': [{'TypeName': 'Custom:X', 'SchemaVersion': '1.0', 'CaptureTime': '2026-11-22T10:00:00Z'}]}),
    (node.describe_association, {'InstanceId': other, 'Name': 'x-y'}),
    (node.update_association_status, {'InstanceId': other, 'Name': 'x-y', 'AssociationStatus': {'Date': 0, 'Name': 'Success', 'Message': 'm'}}),
]:
    same(refused(call, **members), 'AccessDeniedException', members)
# With the keys of one and the token of nobody.
broken = {**given['keys'], 'aws_session_token': given['keys']['aws_session_token'][:-4] + 'AAAA'}
same(refused(client(**broken).get_document, Name='AWS-RunShellScript'), 'UnrecognizedClientException')
wrong = {**given['keys'], 'aws_secret_access_key': 'x' * 40}
same(refused(client(**wrong).get_document, Name='AWS-RunShellScript'), 'InvalidSignatureException')
"#,
    );
    block_on(async {
        let foreign = json!({ "InstanceId": other.instance_id, "PlatformType": "Linux", "AgentName": "x", "AgentVersion": "1.0.0" });
        for operation in ["UpdateInstanceInformation", "ListInstanceAssociations"] {
            assert_eq!(one.call(operation, &foreign).await.expect_err("refused").code(), "AccessDeniedException", "{operation}");
        }
        assert_eq!(one.create_channel(&other.instance_id).await.expect_err("refused").code(), "AccessDeniedException");
        assert_eq!(one.role_token(&other.fingerprint).await.expect_err("refused").code(), "MachineFingerprintDoesNotMatch");
    });
}

fn a_deregistered_node_is_refused_at_once(engine: Engine) {
    let hub = TestHub::start(engine);
    let hand = block_on(HandNode::register(&hub, &[("role", "gone")]));
    let mut agent = TestAgent::start(&hub, &[("role", "gone")]);
    let mut channel = block_on(hand.connect());
    hub.aws().boto3_given(
        &json!({ "nodes": [hand.instance_id, agent.instance_id] }),
        r#"
for node in given['nodes']:
    same(aws('ssm', 'deregister-managed-instance', '--instance-id', node), None)
    same(cli_refused('ssm', 'deregister-managed-instance', '--instance-id', node), 'InvalidInstanceId')
    same(refused(ssm.send_command, DocumentName='AWS-RunShellScript', InstanceIds=[node], Parameters={'commands': ['true']}), 'InvalidInstanceId')
    same(refused(ssm.list_tags_for_resource, ResourceType='ManagedInstance', ResourceId=node), 'InvalidResourceId')
same(refused(unchecked.deregister_managed_instance, InstanceId='i-0123456789abcdef0'), 'ValidationException')
same(ssm.describe_instance_information()['InstanceInformationList'], [])
sent = ssm.send_command(DocumentName='AWS-RunShellScript', Targets=[{'Key': 'tag:role', 'Values': ['gone']}], Parameters={'commands': ['true']})['Command']
while ssm.list_commands(CommandId=sent['CommandId'])['Commands'][0]['StatusDetails'] != 'NoInstancesInTag': time.sleep(0.1)
"#,
    );
    block_on(async {
        assert!(channel.is_closed().await, "its channel is closed");
        let heartbeat = json!({ "InstanceId": hand.instance_id, "PlatformType": "Linux", "AgentName": "x", "AgentVersion": "1.0.0" });
        assert_eq!(hand.call("UpdateInstanceInformation", &heartbeat).await.expect_err("refused").code(), "UnrecognizedClientException");
        assert_eq!(hand.create_channel(&hand.instance_id).await.expect_err("refused").code(), "UnrecognizedClientException");
        assert_eq!(hand.role_token(&hand.fingerprint).await.expect_err("refused").code(), "UnrecognizedClientException");
    });
    // A real agent goes on asking and says why it is not let in; it does not become a node again by that.
    agent.kill();
    agent.run();
    wait_until("the agent to be refused", 60, || agent.log_text().contains("UnrecognizedClientException").then_some(()));
    assert_eq!(hub.aws().call("describe-instance-information", &json!({}))["InstanceInformationList"], json!([]));
}

qd_tests::on_both_engines!(
    activations_are_made_listed_and_deleted,
    machines_register_within_their_activation,
    nodes_are_listed_by_every_filter,
    a_nodes_credentials_are_for_that_node_alone,
    a_deregistered_node_is_refused_at_once,
);

#[test]
fn an_agent_rotates_its_key_when_it_is_asked() {
    let hub = TestHub::start(Engine::Sqlite);
    let mut agent = TestAgent::start(&hub, &[]);
    let key = |agent: &TestAgent| std::fs::read(agent.data_dir().join("key.json")).expect("the agent's key");
    // Credentials from before a start are used up first, so a restart asks for new ones only when there are none.
    let restart = |agent: &mut TestAgent| {
        agent.kill();
        std::fs::remove_file(agent.data_dir().join("credentials.json")).expect("the agent's credentials");
        agent.run();
    };
    let first = key(&agent);
    let path = format!("/quarterdeck/v1/nodes/{}/rotate-key", agent.instance_id);
    let answer = block_on(hub.console().send(qd_client::Request::post("ssm", &path, String::new())));
    assert_eq!(answer.expect("asked").status, 200);
    restart(&mut agent);
    wait_until("the agent to rotate its key", 60, || (key(&agent) != first).then_some(()));
    let second = key(&agent);
    // The new key proves the node, and it is not asked again.
    restart(&mut agent);
    wait_until("new credentials", 60, || agent.data_dir().join("credentials.json").exists().then_some(()));
    agent.wait_online(&hub);
    assert_eq!(key(&agent), second);
    let input = json!({ "DocumentName": "AWS-RunShellScript", "InstanceIds": [agent.instance_id], "Parameters": { "commands": ["echo still here"] } });
    let command = hub.aws().call("send-command", &input)["Command"]["CommandId"].as_str().expect("an id").to_owned();
    let done = wait_until("the command to end", 60, || {
        let got = hub.aws().call("get-command-invocation", &json!({ "CommandId": command, "InstanceId": agent.instance_id }));
        (got["Status"] == "Success").then_some(got)
    });
    assert_eq!(done["StandardOutputContent"], "still here\n");
}
