//! The main job as people do it: the AWS CLI and boto3, with their own flags, paginators and waiters, against the hub on either store.

use qd_tests::{Engine, TestAgent, TestHub};
use serde_json::json;

fn the_aws_cli_sends_waits_lists_and_cancels(engine: Engine) {
    let hub = TestHub::start(engine);
    let agent = TestAgent::start(&hub, &[("role", "web")]);
    hub.aws().boto3_given(
        &json!({ "node": agent.instance_id }),
        r#"
node = given['node']
def send(script, *more):
    return aws('ssm', 'send-command', '--document-name', 'AWS-RunShellScript', '--targets', 'Key=tag:role,Values=web',
               '--parameters', json.dumps({'commands': [script]}), *more)['Command']
def invocation(command):
    return aws('ssm', 'get-command-invocation', '--command-id', command, '--instance-id', node)
def until(command, *statuses):
    for _ in range(600):
        got = invocation(command)
        if got['Status'] in statuses: return got
        time.sleep(0.1)
    raise AssertionError(got)

sent = send('echo 안녕; echo oops >&2', '--comment', 'first', '--max-concurrency', '50%', '--max-errors', '1', '--timeout-seconds', '600')
same([sent[key] for key in ('Status', 'StatusDetails', 'Comment', 'MaxConcurrency', 'MaxErrors', 'TimeoutSeconds', 'DocumentVersion', 'TargetCount')],
     ['Pending', 'Pending', 'first', '50%', '1', 600, '$DEFAULT', 1], 'the answer')
first = sent['CommandId']
aws('ssm', 'wait', 'command-executed', '--command-id', first, '--instance-id', node)
got = invocation(first)
same([got[key] for key in ('Status', 'ResponseCode', 'StandardOutputContent', 'StandardErrorContent', 'PluginName', 'DocumentName', 'Comment')],
     ['Success', 0, '안녕\n', 'oops\n', 'aws:runShellScript', 'AWS-RunShellScript', 'first'], 'the invocation')
same(invocation(first), aws('ssm', 'get-command-invocation', '--command-id', first, '--instance-id', node, '--plugin-name', 'aws:runShellScript'))
same(cli_refused('ssm', 'get-command-invocation', '--command-id', first, '--instance-id', node, '--plugin-name', 'other'), 'InvalidPluginName')

failed = send('echo no; exit 3')['CommandId']
code, _, err = cli('ssm', 'wait', 'command-executed', '--command-id', failed, '--instance-id', node)
assert code == 255 and 'terminal failure state' in err, (code, err)
got = until(failed, 'Failed')
same((got['ResponseCode'], got['StandardErrorContent'].strip()), (3, 'failed to run commands: exit status 3'))

running = send('sleep 300')['CommandId']
until(running, 'InProgress')
same([c['CommandId'] for c in aws('ssm', 'list-commands', '--filters', 'key=ExecutionStage,value=Executing')['Commands']], [running])
aws('ssm', 'cancel-command', '--command-id', running, '--instance-ids', node)
until(running, 'Cancelled')
aws('ssm', 'cancel-command', '--command-id', running)
same(cli_refused('ssm', 'cancel-command', '--command-id', '11111111-2222-4333-8444-555555555555'), 'InvalidCommandId')

listed = aws('ssm', 'list-commands', '--max-items', '2')
same([c['CommandId'] for c in listed['Commands']], [running, failed], 'newest first')
rest = aws('ssm', 'list-commands', '--starting-token', listed['NextToken'])
same([(c['CommandId'], c['Status'], c['CompletedCount'], c['ErrorCount']) for c in rest['Commands']], [(first, 'Success', 1, 0)])
def commands(*filters):
    return [c['CommandId'] for c in aws('ssm', 'list-commands', '--filters', *filters)['Commands']]
for status, expected in [('Success', [first]), ('Failed', [failed]), ('Cancelled', [running]), ('TimedOut', []), ('Pending', [])]:
    same(commands('key=Status,value=' + status), expected, status)
same(commands('key=DocumentName,value=AWS-RunShellScript', 'key=ExecutionStage,value=Complete'), [running, failed, first])
same(commands('key=DocumentName,value=AWS-RunPowerShellScript'), [])
same(commands('key=InvokedAfter,value=2020-01-01T00:00:00Z', 'key=InvokedBefore,value=2020-01-02T00:00:00Z'), [])
same([c['CommandId'] for c in aws('ssm', 'list-commands', '--instance-id', node, '--command-id', failed)['Commands']], [failed])

found = aws('ssm', 'list-command-invocations', '--details', '--command-id', first)['CommandInvocations']
same([(i['InstanceId'], i['Status'], i['CommandPlugins'][0]['Output']) for i in found], [(node, 'Success', '안녕\n\n----------ERROR-------\noops\n')])
same([i['CommandPlugins'] for i in aws('ssm', 'list-command-invocations', '--instance-id', node)['CommandInvocations']], [[], [], []])
same(len(aws('ssm', 'list-command-invocations', '--filters', 'key=Status,value=Cancelled')['CommandInvocations']), 1)
same(cli_refused('ssm', 'list-commands', '--filters', 'key=Status,value=Success', 'key=Status,value=Failed'), 'InvalidFilterKey')
same(cli_refused('ssm', 'list-command-invocations', '--filters', 'key=Status,value=Success', 'key=Status,value=Failed'), 'InvalidFilterKey')
same(cli_refused('ssm', 'list-command-invocations', '--next-token', 'garbage'), 'InvalidNextToken')

limited = send('sleep 300', '--parameters', json.dumps({'commands': ['sleep 300'], 'executionTimeout': ['5']}))['CommandId']
same(until(limited, 'TimedOut')['StatusDetails'], 'ExecutionTimedOut')
"#,
    );
}

fn boto3_pages_and_waits(engine: Engine) {
    let hub = TestHub::start(engine);
    let agent = TestAgent::start(&hub, &[("role", "web")]);
    hub.aws().boto3_given(
        &json!({ "node": agent.instance_id }),
        r#"
node = given['node']
targets = [{'Key': 'tag:role', 'Values': ['web', 'none']}]
ids = [ssm.send_command(DocumentName='AWS-RunShellScript', Targets=targets, Parameters={'commands': ['echo %d' % n]})['Command']['CommandId']
       for n in range(7)]
waiter = ssm.get_waiter('command_executed')
for command in ids:
    waiter.wait(CommandId=command, InstanceId=node, WaiterConfig={'Delay': 1, 'MaxAttempts': 60})
    got = ssm.get_command_invocation(CommandId=command, InstanceId=node)
    same((got['Status'], got['StandardOutputContent']), ('Success', '%d\n' % ids.index(command)))
pages = list(ssm.get_paginator('list_commands').paginate(PaginationConfig={'PageSize': 2}))
same([len(page['Commands']) for page in pages], [2, 2, 2, 1])
same(sorted(c['CommandId'] for page in pages for c in page['Commands']), sorted(ids))
assert all(isinstance(c['RequestedDateTime'], datetime.datetime) for page in pages for c in page['Commands'])
pages = list(ssm.get_paginator('list_command_invocations').paginate(Details=True, PaginationConfig={'PageSize': 3}))
same(sorted(i['CommandPlugins'][0]['Output'] for page in pages for i in page['CommandInvocations']), ['%d\n' % n for n in range(7)])
same(refused(ssm.get_command_invocation, CommandId=ids[0], InstanceId='mi-00000000000000000'), 'InvocationDoesNotExist')
running = ssm.send_command(DocumentName='AWS-RunShellScript', InstanceIds=[node], Parameters={'commands': ['sleep 300']})['Command']['CommandId']
while ssm.get_command_invocation(CommandId=running, InstanceId=node)['Status'] != 'InProgress': time.sleep(0.1)
ssm.cancel_command(CommandId=running)
while ssm.list_commands(CommandId=running)['Commands'][0]['Status'] != 'Cancelled': time.sleep(0.1)
"#,
    );
}

/// The twelve operations of documents, once as the CLI is called and once as boto3 is.
fn either_client_does_all_that_documents_have(engine: Engine) {
    let hub = TestHub::start(engine);
    hub.aws().boto3(
        r#"
def content(text):
    return json.dumps({'schemaVersion': '2.2', 'mainSteps': [{'action': 'aws:runShellScript', 'name': 's', 'inputs': {'runCommand': ['echo ' + text]}}]})
template = json.dumps({'schemaVersion': '0.3', 'mainSteps': [{'name': 'wait', 'action': 'aws:sleep', 'inputs': {'Duration': 'PT1S'}}]})
def by_cli(operation, **members):
    return aws('ssm', operation, '--cli-input-json', json.dumps(members))
def by_boto3(operation, **members):
    return getattr(ssm, operation.replace('-', '_'))(**members)
def cli_no(operation, **members):
    return cli_refused('ssm', operation, '--cli-input-json', json.dumps(members))
def boto3_no(operation, **members):
    return refused(getattr(ssm, operation.replace('-', '_')), **members)
for name, do, no in [('ByCli', by_cli, cli_no), ('ByBoto3', by_boto3, boto3_no)]:
    made = do('create-document', Name=name, Content=content('one'), DocumentType='Command', DocumentFormat='JSON', VersionName='first',
              TargetType='/AWS::EC2::Instance', DisplayName='shown', Tags=[{'Key': 'role', 'Value': name}])['DocumentDescription']
    same((made['Status'], made['DocumentVersion'], made['VersionName'], made['PlatformTypes']), ('Creating', '1', 'first', ['Linux', 'MacOS']), name)
    same(no('create-document', Name=name, Content=content('one')), 'DocumentAlreadyExists')
    same(do('update-document', Name=name, Content=content('two'), DocumentVersion='$LATEST')['DocumentDescription']['LatestVersion'], '2')
    same(no('update-document', Name=name, Content=content('three'), DocumentVersion='1'), 'InvalidDocumentVersion')
    same(do('update-document-default-version', Name=name, DocumentVersion='2')['Description']['DefaultVersion'], '2')
    same(do('get-document', Name=name, VersionName='first')['Content'], content('one'))
    assert 'schemaVersion: "2.2"' in do('get-document', Name=name, DocumentFormat='YAML')['Content'].replace("'", '"')
    same(do('describe-document', Name=name)['Document']['DefaultVersion'], '2')
    same([v['DocumentVersion'] for v in do('list-document-versions', Name=name)['DocumentVersions']], ['2', '1'])
    same([d['Name'] for d in do('list-documents', Filters=[{'Key': 'tag:role', 'Values': [name]}])['DocumentIdentifiers']], [name])
    do('modify-document-permission', Name=name, PermissionType='Share', AccountIdsToAdd=['111122223333'])
    same(do('describe-document-permission', Name=name, PermissionType='Share')['AccountIds'], ['111122223333'])
    same(no('delete-document', Name=name), 'InvalidDocumentOperation')
    do('modify-document-permission', Name=name, PermissionType='Share', AccountIdsToRemove=['111122223333'])
    same(no('list-document-metadata-history', Name='none', Metadata='DocumentReviews'), 'InvalidDocument')
    change = 'Change' + name
    do('create-document', Name=change, Content=template, DocumentType='Automation.ChangeTemplate')
    for action in ['SendForReview', 'Approve']:
        do('update-document-metadata', Name=change, DocumentReviews={'Action': action, 'Comment': [{'Type': 'Comment', 'Content': action}]})
    history = do('list-document-metadata-history', Name=change, Metadata='DocumentReviews')['Metadata']['ReviewerResponse']
    same([response['Comment'][0]['Content'] for response in history], ['Approve', 'SendForReview'])
    do('delete-document', Name=name)
    do('delete-document', Name=change)
    same(no('describe-document', Name=name), 'InvalidDocument')
same(refused(unchecked.modify_document_permission, Name='x-y', PermissionType='Own'), 'InvalidPermissionType')
for n in range(7):
    ssm.create_document(Name='Doc-%d' % n, Content=content('x'))
for n in range(4):
    ssm.update_document(Name='Doc-0', Content=content(str(n)), DocumentVersion='$LATEST')
own = [{'Key': 'Owner', 'Values': ['Self']}]
pages = list(ssm.get_paginator('list_documents').paginate(Filters=own, PaginationConfig={'PageSize': 3}))
same([[d['Name'] for d in page['DocumentIdentifiers']] for page in pages], [['Doc-0', 'Doc-1', 'Doc-2'], ['Doc-3', 'Doc-4', 'Doc-5'], ['Doc-6']])
pages = ssm.get_paginator('list_document_versions').paginate(Name='Doc-0', PaginationConfig={'PageSize': 2})
same([v['DocumentVersion'] for page in pages for v in page['DocumentVersions']], ['5', '4', '3', '2', '1'])
same(aws('ssm', 'list-documents', '--filters', 'Key=Owner,Values=Self', '--query', 'length(DocumentIdentifiers)'), 7)
"#,
    );
}

qd_tests::on_both_engines!(the_aws_cli_sends_waits_lists_and_cancels, boto3_pages_and_waits, either_client_does_all_that_documents_have);
