//! The three operations of service settings.

use qd_model::Operation;
use qd_store::testing::TestDatabase;
use serde_json::json;

use crate::harness::TestHub;

const TIER: &str = "/ssm/managed-instance/activation-tier";

async fn a_setting_is_changed_and_reset(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let arn = hub.hub.shared().arn(&format!("servicesetting{TIER}"));
    let get = |id: String| {
        let hub = &hub;
        async move { hub.ok(Operation::GetServiceSetting, json!({"SettingId": id})).await["ServiceSetting"].clone() }
    };
    let before = get(TIER.to_owned()).await;
    assert_eq!(
        before,
        json!({"SettingId": TIER, "SettingValue": "standard", "LastModifiedDate": 1_767_225_600, "LastModifiedUser": "System", "ARN": arn, "Status": "Default"})
    );
    assert_eq!(hub.ok(Operation::UpdateServiceSetting, json!({"SettingId": arn, "SettingValue": "advanced"})).await, json!({}));
    let after = get(arn.clone()).await;
    assert_eq!((&after["SettingId"], &after["SettingValue"], &after["Status"]), (&json!(TIER), &json!("advanced"), &json!("Customized")));
    assert!(after["LastModifiedDate"].is_number());
    assert!(after["LastModifiedUser"].as_str().unwrap().contains(":user/"));
    assert_eq!(hub.ok(Operation::ResetServiceSetting, json!({"SettingId": TIER})).await["ServiceSetting"], before);
    assert_eq!(get(TIER.to_owned()).await, before);
}

async fn every_documented_setting_has_its_default(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    for (id, default) in [
        ("/ssm/parameter-store/default-parameter-tier", "Standard"),
        ("/ssm/parameter-store/high-throughput-enabled", "false"),
        (TIER, "standard"),
        ("/ssm/managed-instance/default-ec2-instance-management-role", "$None"),
        ("/ssm/documents/console/public-sharing-permission", "Enable"),
        ("/ssm/automation/customer-script-log-destination", "$None"),
        ("/ssm/automation/customer-script-log-group-name", "/aws/ssm/automation/executeScript"),
        ("/ssm/automation/enable-adaptive-concurrency", "False"),
        ("/ssm/opsinsights/opscenter", "Disabled"),
        ("/ssm/appmanager/appmanager-enabled", "False"),
        ("/quarterdeck/managed-instance/key-rotation-days", "0"),
        ("/ssm/opsitem/ssm-patchmanager", "Disabled"),
        ("/ssm/opsdata/OpsData-TrustedAdvisor", "Disabled"),
    ] {
        let setting = hub.ok(Operation::GetServiceSetting, json!({"SettingId": id})).await;
        assert_eq!(setting["ServiceSetting"]["SettingValue"], default, "{id}");
    }
}

async fn what_is_no_setting_or_no_value_is_refused(database: TestDatabase) {
    let hub = TestHub::open(database).await;
    let region = hub.hub.shared().region.clone();
    for id in [
        "ssm/managed-instance/activation-tier".to_owned(),
        "/ssm/other".to_owned(),
        "/ssm/opsitem/".to_owned(),
        "/ssm/opsitem/a/b".to_owned(),
        format!("arn:aws:ssm:{region}:999999999999:servicesetting{TIER}"),
        format!("arn:aws:ssm:elsewhere-1:{}:servicesetting{TIER}", hub.hub.shared().account),
        "arn:".to_owned(),
    ] {
        for operation in [Operation::GetServiceSetting, Operation::ResetServiceSetting] {
            assert_eq!(hub.refused(operation, json!({"SettingId": id})).await, "ServiceSettingNotFound", "{id}");
        }
        let update = json!({"SettingId": id, "SettingValue": "x"});
        assert_eq!(hub.refused(Operation::UpdateServiceSetting, update).await, "ServiceSettingNotFound");
    }
    for value in ["Advanced", "a\0b"] {
        let update = json!({"SettingId": TIER, "SettingValue": value});
        assert_eq!(hub.refused(Operation::UpdateServiceSetting, update).await, "ValidationException");
    }
    for value in ["-1", "03", "+3", "3651", "week", "1.5", ""] {
        let update = json!({"SettingId": "/quarterdeck/managed-instance/key-rotation-days", "SettingValue": value});
        assert_eq!(hub.refused(Operation::UpdateServiceSetting, update).await, "ValidationException", "{value:?}");
    }
    let role = "/ssm/managed-instance/default-ec2-instance-management-role";
    let update = json!({"SettingId": role, "SettingValue": "a\0b"});
    assert_eq!(hub.refused(Operation::UpdateServiceSetting, update).await, "ValidationException");
    hub.ok(Operation::UpdateServiceSetting, json!({"SettingId": role, "SettingValue": "service-role/Nodes"})).await;
}

qd_store::on_both_engines!(
    a_setting_is_changed_and_reset,
    every_documented_setting_has_its_default,
    what_is_no_setting_or_no_value_is_refused
);
