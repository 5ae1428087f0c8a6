//! Lists of nodes: filters of both styles, operators, pages, and the console's own list.

use qd_store::StoreError;
use qd_store::table::nodes::{self, Information, NewNode};
use qd_store::table::tags;
use qd_store::testing::TestDatabase;
use qd_wire::sigv4::Credentials;
use serde_json::{Value, json};

use super::client::{Answer, MINUTE, Request, START, TestHub};

/// Twelve nodes that registered and spoke; the last three fell silent.
async fn fleet(database: TestDatabase) -> TestHub {
    let hub = TestHub::on(database).await;
    hub.hub
        .shared()
        .store
        .write(|tx| {
            for n in 0..12_i64 {
                let instance_id = format!("mi-{n:017}");
                let (kind, name, version) =
                    if n % 3 == 0 { ("Windows", "Microsoft Windows Server", "2022") } else { ("Linux", "Debian GNU/Linux", "12") };
                nodes::insert(
                    tx,
                    &NewNode {
                        instance_id: instance_id.clone(),
                        activation_id: "6f3bd912-a4f9-487c-98c7-bae4db329857".into(),
                        name: if n == 0 { "alpha".into() } else { String::new() },
                        iam_role: "nodes".into(),
                        registered_at: START,
                        fingerprint: format!("f{n}"),
                        public_key: format!("k{n}"),
                        public_key_type: "Rsa".into(),
                    },
                )?;
                let information = Information {
                    agent_name: "amazon-ssm-agent".into(),
                    agent_version: format!("3.{}.0.0", 2 + n),
                    agent_status: "Active".into(),
                    platform_type: kind.into(),
                    platform_name: name.into(),
                    platform_version: version.into(),
                    computer_name: format!("host-{n}"),
                    ip_address: format!("10.0.0.{}", 100 - n * 9),
                    ..Information::default()
                };
                nodes::set_information(tx, &instance_id, &information, if n < 9 { START } else { START - 30 * MINUTE })?;
                tags::put(tx, "ManagedInstance", &instance_id, "role", if n < 4 { "web" } else { "db" })?;
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    hub
}

fn ids(answer: &Value, list: &str) -> Vec<usize> {
    let id = |node: &Value| node["InstanceId"].as_str().unwrap()[3..].parse::<usize>().unwrap();
    answer[list].as_array().unwrap_or_else(|| panic!("{answer}")).iter().map(id).collect()
}

async fn information_filters(database: TestDatabase) {
    let hub = fleet(database).await;
    let all: Vec<usize> = (0..12).collect();
    let filtered = async |filters: Value| {
        let answer = hub.call("DescribeInstanceInformation", &json!({ "Filters": filters })).await;
        ids(&answer.json(), "InstanceInformationList")
    };
    assert_eq!(filtered(json!([])).await, all);
    assert_eq!(filtered(json!([{ "Key": "PlatformTypes", "Values": ["Windows"] }])).await, [0, 3, 6, 9]);
    assert_eq!(filtered(json!([{ "Key": "PingStatus", "Values": ["ConnectionLost"] }])).await, [9, 10, 11]);
    assert_eq!(
        filtered(json!([{ "Key": "tag:role", "Values": ["web", "x"] }, { "Key": "PlatformTypes", "Values": ["Linux"] }])).await,
        [1, 2]
    );
    assert_eq!(filtered(json!([{ "Key": "tag-key", "Values": ["role"] }])).await, all);
    assert_eq!(filtered(json!([{ "Key": "AgentVersion", "Values": ["3.2.0.0"] }])).await, [0]);
    assert_eq!(filtered(json!([{ "Key": "InstanceIds", "Values": ["mi-00000000000000005", "mi-99999999999999999"] }])).await, [5]);
    assert_eq!(filtered(json!([{ "Key": "IamRole", "Values": ["others"] }])).await, [0; 0]);
    assert_eq!(filtered(json!([{ "Key": "SourceTypes", "Values": ["AWS::SSM::ManagedInstance"] }])).await, all);
    assert_eq!(filtered(json!([{ "Key": "ResourceType", "Values": ["EC2Instance"] }])).await, [0; 0]);

    let legacy = json!({ "InstanceInformationFilterList": [{ "key": "PlatformTypes", "valueSet": ["Windows"] }] });
    assert_eq!(ids(&hub.call("DescribeInstanceInformation", &legacy).await.json(), "InstanceInformationList"), [0, 3, 6, 9]);
    for (input, code) in [
        (json!({ "Filters": [{ "Key": "Colour", "Values": ["red"] }] }), "InvalidFilterKey"),
        (json!({ "Filters": [{ "Key": "PingStatus", "Values": ["Awake"] }] }), "InvalidInstanceInformationFilterValue"),
        (json!({ "MaxResults": 4 }), "ValidationException"),
        (json!({ "NextToken": "garbage" }), "InvalidNextToken"),
        (
            json!({ "Filters": [{ "Key": "IamRole", "Values": ["a"] }], "InstanceInformationFilterList": [{ "key": "IamRole", "valueSet": ["a"] }] }),
            "ValidationException",
        ),
    ] {
        assert_eq!(hub.call("DescribeInstanceInformation", &input).await.code(), code, "{input}");
    }
}

async fn pages_lead_on_and_belong_to_their_filters(database: TestDatabase) {
    let hub = fleet(database).await;
    let mut token = Value::Null;
    let mut seen = Vec::new();
    loop {
        let mut input = json!({ "MaxResults": 5 });
        if !token.is_null() {
            input["NextToken"] = token;
        }
        let answer = hub.call("DescribeInstanceInformation", &input).await.json();
        seen.extend(ids(&answer, "InstanceInformationList"));
        token = answer["NextToken"].clone();
        if token.is_null() {
            break;
        }
        let foreign = json!({ "NextToken": token, "Filters": [{ "Key": "IamRole", "Values": ["nodes"] }] });
        assert_eq!(hub.call("DescribeInstanceInformation", &foreign).await.code(), "InvalidNextToken");
    }
    assert_eq!(seen, (0..12).collect::<Vec<_>>());
}

async fn properties_filters_have_operators(database: TestDatabase) {
    let hub = fleet(database).await;
    let filtered = async |key: &str, operator: &str, values: Value| {
        let input = json!({ "FiltersWithOperator": [{ "Key": key, "Operator": operator, "Values": values }] });
        hub.call("DescribeInstanceProperties", &input).await
    };
    let found = async |key: &str, operator: &str, values: Value| ids(&filtered(key, operator, values).await.json(), "InstanceProperties");
    // By number: 3.10 comes after 3.9.
    assert_eq!(found("AgentVersion", "GreaterThan", json!(["3.9.0.0"])).await, [8, 9, 10, 11]);
    assert_eq!(found("AgentVersion", "LessThan", json!(["3.4"])).await, [0, 1]);
    assert_eq!(found("AgentVersion", "BeginWith", json!(["3.1"])).await, [8, 9, 10, 11]);
    assert_eq!(found("PlatformTypes", "NotEqual", json!(["Linux"])).await, [0, 3, 6, 9]);
    assert_eq!(found("PingStatus", "NotEqual", json!(["Online"])).await, [9, 10, 11]);
    assert_eq!(found("InstanceIds", "Equal", json!(["mi-00000000000000001"])).await, [1]);
    assert_eq!(filtered("Colour", "Equal", json!(["red"])).await.code(), "InvalidFilterKey");
    assert_eq!(filtered("PlatformTypes", "Equal", json!(["Plan9"])).await.code(), "InvalidInstancePropertyFilterValue");
    assert_eq!(filtered("PlatformTypes", "Near", json!(["Linux"])).await.code(), "ValidationException");
}

async fn extension(hub: &TestHub, credentials: &Credentials, path: &str, query: &str) -> Answer {
    let mut request = Request::new("GET", path, &hub.host());
    request.query = query.to_owned();
    request.sign(credentials, "ssm", hub.now());
    hub.raw(&request.bytes()).await
}

async fn the_consoles_list_searches_sorts_and_pages(database: TestDatabase) {
    let hub = fleet(database).await;
    let key = hub.administrator();
    let list = async |query: &str| extension(&hub, &key, "/quarterdeck/v1/nodes", query).await;
    let order = async |query: &str| ids(&list(query).await.json(), "nodes");
    assert_eq!(order("sort=ip").await, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert_eq!(order("sort=agent-version&order=desc&max=3").await, [11, 10, 9]);
    assert_eq!(order("sort=status&max=4").await, [9, 10, 11, 0]);
    assert_eq!(order("sort=name&max=3").await, [0, 1, 10]);
    assert_eq!(order("sort=platform&max=3").await, [1, 2, 4]);
    assert_eq!(order("search=HOST-1").await, [1, 10, 11]);
    assert_eq!(order("search=%25").await, [0; 0]);
    let first = list("sort=status&order=desc&max=5").await.json();
    assert_eq!(first["total"], 12);
    assert_eq!(first["nodes"][0]["Tags"], json!({ "role": "db" }));
    let mut seen = ids(&first, "nodes");
    let mut token = first["nextToken"].as_str().map(str::to_owned);
    while let Some(next) = token {
        let answer = list(&format!("max=5&order=desc&sort=status&token={next}")).await.json();
        seen.extend(ids(&answer, "nodes"));
        token = answer["nextToken"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, [8, 7, 6, 5, 4, 3, 2, 1, 0, 11, 10, 9]);
    for bad in ["sort=colour", "order=up", "max=0", "max=1000", "token=garbage", "filter=%7B", "filter=%5B%7B%22Key%22%3A%22x%22%7D%5D"] {
        assert_eq!(list(bad).await.status, 400, "{bad}");
    }
}

async fn tokens_filter_and_facets_suggest(database: TestDatabase) {
    let hub = fleet(database).await;
    let key = hub.administrator();
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let list = async |tokens: Value| {
        extension(&hub, &key, "/quarterdeck/v1/nodes", &format!("filters={}&sort=instance-id", encoded(&tokens.to_string()))).await
    };
    let found =
        async |name: &str, op: &str, values: Value| ids(&list(json!([{ "key": name, "op": op, "values": values }])).await.json(), "nodes");
    assert_eq!(found("status", "=", json!(["ConnectionLost"])).await, [9, 10, 11]);
    assert_eq!(found("status", "!=", json!(["Online"])).await, [9, 10, 11]);
    assert_eq!(found("platform", "!=", json!(["Linux"])).await, [0, 3, 6, 9]);
    assert_eq!(found("platformName", ":", json!(["DEBIAN"])).await, [1, 2, 4, 5, 7, 8, 10, 11]);
    assert_eq!(found("name", ":", json!(["ALPH", "ost-11"])).await, [0, 11]);
    assert_eq!(found("name", "=", json!(["host-0"])).await, [0; 0], "node 0 is shown by its name");
    assert_eq!(found("address", ":", json!(["_"])).await, [0; 0]);
    assert_eq!(found("agentVersion", ">", json!(["3.11"])).await, [9, 10, 11]);
    assert_eq!(found("tag:role", "=", json!(["web"])).await, [0, 1, 2, 3]);
    assert_eq!(found("tag:role", "!:", json!(["E"])).await, [4, 5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(found("tag", "=", json!(["none"])).await, [0; 0]);
    assert_eq!(found("lastContact", "<", json!([START.to_string()])).await, [9, 10, 11]);
    let both = json!([{ "key": "tag:role", "op": "=", "values": ["db"] }, { "key": "platform", "op": "=", "values": ["Windows"] }]);
    assert_eq!(ids(&list(both).await.json(), "nodes"), [6, 9]);
    for bad in [json!([{ "key": "colour", "op": "=", "values": ["x"] }]), json!([{ "key": "name", "op": "=", "values": [] }]), json!({})] {
        assert_eq!(list(bad.clone()).await.code(), "ValidationException", "{bad}");
    }

    let facets = async |query: &str| extension(&hub, &key, "/quarterdeck/v1/nodes/facets", query).await;
    assert_eq!(
        facets("key=status").await.json()["values"],
        json!([{ "value": "Online", "count": 9 }, { "value": "ConnectionLost", "count": 3 }])
    );
    assert_eq!(facets("key=tag").await.json()["values"], json!([{ "value": "role", "count": 12 }]));
    assert_eq!(facets("key=tag%3Arole").await.json()["values"], json!([{ "value": "db", "count": 8 }, { "value": "web", "count": 4 }]));
    assert_eq!(facets("key=platform&part=WIN").await.json()["values"], json!([{ "value": "Windows", "count": 4 }]));
    assert_eq!(facets("key=name&part=t-1&max=2").await.json()["values"].as_array().unwrap().len(), 2);
    assert_eq!(facets("key=colour").await.code(), "ValidationException");
}

async fn the_overview_counts(database: TestDatabase) {
    let hub = fleet(database).await;
    let overview = extension(&hub, &hub.administrator(), "/quarterdeck/v1/overview", "").await.json();
    assert_eq!(overview["nodes"]["total"], 12);
    assert_eq!(overview["nodes"]["byStatus"], json!({ "ConnectionLost": 3, "Online": 9 }));
    assert_eq!(overview["nodes"]["byPlatform"][0]["count"], 8);
    assert_eq!(overview["nodes"]["byAgent"].as_array().unwrap().len(), 12);
    assert_eq!(overview["attention"].as_array().unwrap().len(), 3);
    assert_eq!(overview["commands"]["recent"], json!([]));
}

async fn roles_and_default_host_management(database: TestDatabase) {
    let hub = fleet(database).await;
    let node = "mi-00000000000000001";
    assert_eq!(hub.call("UpdateManagedInstanceRole", &json!({ "InstanceId": node, "IamRole": "other" })).await.json(), json!({}));
    let filter = json!({ "Filters": [{ "Key": "IamRole", "Values": ["other"] }] });
    assert_eq!(ids(&hub.call("DescribeInstanceInformation", &filter).await.json(), "InstanceInformationList"), [1]);
    let unknown = json!({ "InstanceId": "mi-99999999999999999", "IamRole": "other" });
    assert_eq!(hub.call("UpdateManagedInstanceRole", &unknown).await.code(), "InvalidInstanceId");

    let register = async |input: Value| hub.call("RegisterDefaultHostManagementConfiguration", &input).await;
    let role = "arn:aws:iam::000000000001:role/service-role/AWSSystemsManagerDefaultEC2InstanceManagementRole";
    assert_eq!(register(json!({ "PermissionModel": "SERVICE_MANAGED" })).await.json()["RoleArn"], role);
    let own = "arn:aws:iam::000000000001:role/own";
    assert_eq!(register(json!({ "PermissionModel": "SELF_MANAGED", "RoleArn": own })).await.code(), "ValidationException");
    assert_eq!(register(json!({ "PermissionModel": "SELF_MANAGED", "RoleArn": own, "Overwrite": true })).await.json()["RoleArn"], own);
    assert_eq!(register(json!({ "PermissionModel": "SELF_MANAGED" })).await.code(), "ValidationException");
    assert_eq!(register(json!({ "PermissionModel": "SERVICE_MANAGED", "RoleArn": own })).await.code(), "ValidationException");
    let setting = json!({ "SettingId": "/ssm/managed-instance/default-ec2-instance-management-role" });
    let value = hub.call("GetServiceSetting", &setting).await.json();
    assert_eq!(value["ServiceSetting"]["SettingValue"], "own");
    assert_eq!(hub.call("DeregisterDefaultHostManagementConfiguration", &json!({})).await.json(), json!({}));
}

qd_store::on_both_engines! {
    information_filters,
    pages_lead_on_and_belong_to_their_filters,
    properties_filters_have_operators,
    the_consoles_list_searches_sorts_and_pages,
    tokens_filter_and_facets_suggest,
    the_overview_counts,
    roles_and_default_host_management,
}
