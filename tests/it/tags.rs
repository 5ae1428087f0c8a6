//! The three operations of tags on what there is to tag, with both clients.

use qd_tests::node::HandNode;
use qd_tests::{Engine, TestHub, block_on};
use serde_json::json;

fn documents_and_nodes_are_tagged(engine: Engine) {
    let hub = TestHub::start(engine);
    let node = block_on(HandNode::register(&hub, &[("role", "web")]));
    hub.aws().boto3_given(
        &json!({ "node": node.instance_id }),
        r#"
node = given['node']
content = json.dumps({'schemaVersion': '2.2', 'mainSteps': [{'action': 'aws:runShellScript', 'name': 's', 'inputs': {'runCommand': ['true']}}]})
ssm.create_document(Name='Tagged', Content=content, Tags=[{'Key': 'role', 'Value': 'web'}])
for kind, resource in [('Document', 'Tagged'), ('ManagedInstance', node)]:
    of = {'ResourceType': kind, 'ResourceId': resource}
    def tags():
        return {tag['Key']: tag['Value'] for tag in aws('ssm', 'list-tags-for-resource', '--resource-type', kind, '--resource-id', resource)['TagList']}
    same(tags(), {'role': 'web'}, 'those it was made with')
    same(aws('ssm', 'add-tags-to-resource', '--resource-type', kind, '--resource-id', resource, '--tags', 'Key=역할,Value=웹 서버', 'Key=role,Value=db'), None)
    ssm.add_tags_to_resource(**of, Tags=[{'Key': 'a.b:c/d=e+f-g@h _', 'Value': ''}])
    same(tags(), {'role': 'db', '역할': '웹 서버', 'a.b:c/d=e+f-g@h _': ''})
    same(aws('ssm', 'remove-tags-from-resource', '--resource-type', kind, '--resource-id', resource, '--tag-keys', '역할', 'absent'), None)
    same(list(tags()), ['a.b:c/d=e+f-g@h _', 'role'])
    many = lambda n: [{'Key': 'k%d' % i, 'Value': 'v'} for i in range(n)]
    same(refused(ssm.add_tags_to_resource, **of, Tags=many(49)), 'TooManyTagsError')
    same(len(tags()), 2, 'what was refused changed nothing')
    ssm.add_tags_to_resource(**of, Tags=many(48))
    same(len(tags()), 50)
    ssm.remove_tags_from_resource(**of, TagKeys=['k%d' % i for i in range(48)])
    def bad(*tags):
        return refused(unchecked.add_tags_to_resource, **of, Tags=list(tags))
    tag = lambda key, value='v': {'Key': key, 'Value': value}
    for wrong in [tag('aws:x'), tag('AWS:x'), tag(''), tag('k' * 129), tag('k', 'v' * 257), tag('<'), tag('k', '"'), {'Key': 'k'}]:
        same(bad(wrong), 'ValidationException', wrong)
    same(bad(tag('k'), tag('k', 'w')), 'ValidationException')
    same(refused(unchecked.remove_tags_from_resource, **of, TagKeys=['aws:x']), 'ValidationException')
    same(len(tags()), 2)
# What there is none of.
for kind in ['Document', 'ManagedInstance', 'MaintenanceWindow', 'Parameter', 'PatchBaseline', 'OpsItem', 'OpsMetadata', 'Automation', 'Association']:
    of = {'ResourceType': kind, 'ResourceId': 'mi-00000000000000000'}
    same(refused(ssm.list_tags_for_resource, **of), 'InvalidResourceId', kind)
    same(refused(ssm.add_tags_to_resource, **of, Tags=[{'Key': 'a', 'Value': 'b'}]), 'InvalidResourceId', kind)
    same(refused(ssm.remove_tags_from_resource, **of, TagKeys=['a']), 'InvalidResourceId', kind)
same(refused(ssm.add_tags_to_resource, ResourceType='Document', ResourceId='AWS-RunShellScript', Tags=[{'Key': 'a', 'Value': 'b'}]), 'InvalidResourceId')
same(refused(unchecked.list_tags_for_resource, ResourceType='Bucket', ResourceId='x'), 'ValidationException')
# What they are for.
def matched(*targets):
    sent = ssm.send_command(DocumentName='AWS-RunShellScript', Targets=list(targets), Parameters={'commands': ['true']}, TimeoutSeconds=30)['Command']
    return sent['TargetCount']
target = lambda key, *values: {'Key': key, 'Values': list(values)}
same([matched(target('tag:role', 'db')), matched(target('tag:role', 'web')), matched(target('tag:role', 'web', 'db'))], [1, 0, 1])
ssm.add_tags_to_resource(ResourceType='ManagedInstance', ResourceId=node, Tags=[{'Key': 'empty', 'Value': ''}])
same([matched(target('tag-key', 'role')), matched(target('tag-key', 'Role')), matched(target('tag:empty', '')), matched(target('tag:role', ''))], [1, 0, 1, 0])
same([matched(target('tag:role', 'db'), target('tag-key', 'none')), matched(target('tag:role', 'DB'))], [0, 0])
same([d['Name'] for d in ssm.list_documents(Filters=[{'Key': 'tag:role', 'Values': ['db']}])['DocumentIdentifiers']], ['Tagged'])
"#,
    );
}

qd_tests::on_both_engines!(documents_and_nodes_are_tagged);
