//! The three operations of service settings, with both clients, and what a setting does.

use qd_tests::{Engine, TestHub};

fn settings_are_read_changed_and_reset(engine: Engine) {
    let mut hub = TestHub::start(engine);
    hub.aws().boto3(
        r#"
def get(setting):
    return aws('ssm', 'get-service-setting', '--setting-id', setting)['ServiceSetting']
for setting, default, other in [
    ('/ssm/parameter-store/default-parameter-tier', 'Standard', 'Intelligent-Tiering'),
    ('/ssm/parameter-store/high-throughput-enabled', 'false', 'true'),
    ('/ssm/managed-instance/activation-tier', 'standard', 'advanced'),
    ('/ssm/managed-instance/default-ec2-instance-management-role', '$None', 'service-role/Nodes'),
    ('/ssm/documents/console/public-sharing-permission', 'Enable', 'Disable'),
    ('/ssm/automation/customer-script-log-destination', '$None', 'CloudWatch'),
    ('/ssm/automation/customer-script-log-group-name', '/aws/ssm/automation/executeScript', 'own'),
    ('/ssm/automation/enable-adaptive-concurrency', 'False', 'True'),
    ('/ssm/opsinsights/opscenter', 'Disabled', 'Enabled'),
    ('/ssm/appmanager/appmanager-enabled', 'False', 'True'),
    ('/ssm/opsitem/EC2', 'Disabled', 'Enabled'),
    ('/ssm/opsdata/ExplorerOnboarded', 'Disabled', 'Enabled'),
]:
    before = ssm.get_service_setting(SettingId=setting)['ServiceSetting']
    arn = before['ARN']
    assert arn.startswith('arn:aws:ssm:local-1:') and arn.endswith(':servicesetting' + setting), arn
    same((before['SettingId'], before['SettingValue'], before['Status'], before['LastModifiedUser'], 'LastModifiedDate' in before),
         (setting, default, 'Default', 'System', True))
    ssm.update_service_setting(SettingId=arn, SettingValue=other)
    after = ssm.get_service_setting(SettingId=setting)['ServiceSetting']
    same((after['SettingValue'], after['Status']), (other, 'Customized'))
    assert after['LastModifiedUser'].endswith(':user/administrator') and isinstance(after['LastModifiedDate'], datetime.datetime), after
    same(ssm.reset_service_setting(SettingId=arn)['ServiceSetting'], before)
tier = '/ssm/managed-instance/activation-tier'
same(aws('ssm', 'update-service-setting', '--setting-id', tier, '--setting-value', 'advanced'), None)
same((get(tier)['SettingValue'], get(get(tier)['ARN'])['Status']), ('advanced', 'Customized'))
same(aws('ssm', 'reset-service-setting', '--setting-id', tier)['ServiceSetting']['SettingValue'], 'standard')
arn = get(tier)['ARN']
for unknown in ['/ssm/none', 'ssm/managed-instance/activation-tier', '/ssm/opsitem/', arn.replace('local-1', 'us-east-1'), arn.replace('activation', 'x')]:
    same(cli_refused('ssm', 'get-service-setting', '--setting-id', unknown), 'ServiceSettingNotFound', unknown)
    same(refused(ssm.update_service_setting, SettingId=unknown, SettingValue='x'), 'ServiceSettingNotFound', unknown)
    same(refused(ssm.reset_service_setting, SettingId=unknown), 'ServiceSettingNotFound', unknown)
for setting, value in [(tier, 'Advanced'), (tier, ''), (tier, 'x' * 5000), ('/ssm/documents/console/public-sharing-permission', 'disable')]:
    same(refused(unchecked.update_service_setting, SettingId=setting, SettingValue=value), 'ValidationException', value)
same(refused(unchecked.get_service_setting), 'ValidationException')
same(refused(unchecked.get_service_setting, SettingId='x' * 1001), 'ValidationException')

# One that does something: documents are no longer shared with everybody.
content = json.dumps({'schemaVersion': '2.2', 'mainSteps': [{'action': 'aws:runShellScript', 'name': 's', 'inputs': {'runCommand': ['true']}}]})
ssm.create_document(Name='Shared', Content=content)
everybody = {'Name': 'Shared', 'PermissionType': 'Share', 'AccountIdsToAdd': ['All']}
ssm.update_service_setting(SettingId='/ssm/documents/console/public-sharing-permission', SettingValue='Disable')
same(refused(ssm.modify_document_permission, **everybody), 'ValidationException')
ssm.reset_service_setting(SettingId='/ssm/documents/console/public-sharing-permission')
ssm.modify_document_permission(**everybody)
ssm.update_service_setting(SettingId=tier, SettingValue='advanced')
"#,
    );
    // What was answered survives a crash.
    hub.kill();
    hub.run();
    hub.aws().boto3(
        "same(ssm.get_service_setting(SettingId='/ssm/managed-instance/activation-tier')['ServiceSetting']['SettingValue'], 'advanced')",
    );
}

qd_tests::on_both_engines!(settings_are_read_changed_and_reset);
