use super::*;

#[test]
fn ids_accept_their_format_alone() {
    for good in ["i-12345678", "i-0123456789abcdef0", "mi-0123456789abcdef0", "i-ABCD_fgh"] {
        assert_eq!(InstanceId::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", "i-", "i-1234567", "i-123456789", "mi-12345678", "mi-0123456789abcdef01", "x-12345678", "i-1234567é", " i-12345678"] {
        assert!(InstanceId::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(CommandId::parse("6F3BD912-a4f9-487c-98c7-bae4db329857").unwrap().as_str(), "6f3bd912-a4f9-487c-98c7-bae4db329857");
    for bad in ["", "6f3bd912a4f9487c98c7bae4db329857", "6f3bd912-a4f9-487c-98c7-bae4db32985g", "{6f3bd912-a4f9-487c-98c7-bae4db3298}"] {
        assert!(CommandId::parse(bad).is_err(), "{bad}");
    }
    assert!(WindowId::parse("mw-0123456789abcdef0").is_ok());
    assert!(WindowId::parse("mw-0123456789ABCDEF0").is_err());
    assert!(OpsItemId::parse("oi-0123456789ab").is_ok());
    assert!(BaselineId::parse("pb-0123456789abcdef0").is_ok());
    assert!(AccountId::parse("123456789012").is_ok());
    assert!(AccountId::parse("12345678901").is_err());
    assert!(SessionId::parse("alice-0a1b2c3d4e5f6g7h8").is_ok());
    assert!(SessionId::parse("a b").is_err());
    assert!(DocumentName::parse("AWS-RunShellScript").is_ok());
    assert!(DocumentName::parse("ab").is_err());
    assert!(DocumentName::parse("a/b/c").is_err());
}

#[test]
fn references_know_name_and_account() {
    let shared = DocumentReference::parse("arn:aws:ssm:us-east-1:123456789012:document/Mine").unwrap();
    assert_eq!((shared.name(), shared.account()), ("Mine", Some("123456789012")));
    let owned_by_aws = DocumentReference::parse("arn:aws:ssm:us-east-2::document/AWS-Noop").unwrap();
    assert_eq!((owned_by_aws.name(), owned_by_aws.account()), ("AWS-Noop", Some("")));
    let plain = DocumentReference::parse("Mine").unwrap();
    assert_eq!((plain.name(), plain.account()), ("Mine", None));
}

#[test]
fn new_ids_parse_and_take_all_their_bytes() {
    let command = CommandId::from_random([0xff; 16]);
    assert_eq!(command.as_str(), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(CommandId::parse(command.as_str()).unwrap(), command);
    let node = InstanceId::from_random([0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x12]);
    assert_eq!(node.as_str(), "mi-123456789abcdef01");
    assert!(node.is_managed());
    assert_eq!(InstanceId::parse(node.as_str()).unwrap(), node);
    assert!(WindowId::parse(WindowId::from_random([0xab; 9]).as_str()).is_ok());
    assert!(OpsItemId::parse(OpsItemId::from_random([0xab; 9]).as_str()).is_ok());
}

#[test]
fn ids_travel_as_strings_and_refuse_strangers() {
    let id: InstanceId = serde_json::from_str("\"i-12345678\"").unwrap();
    assert_eq!(serde_json::to_string(&id).unwrap(), "\"i-12345678\"");
    let error = serde_json::from_str::<InstanceId>("\"nope\"").unwrap_err().to_string();
    assert!(error.contains("`nope` is not a valid InstanceId"), "{error}");
}

#[test]
fn document_versions_parse() {
    for (text, version) in
        [("$LATEST", DocumentVersion::Latest), ("$DEFAULT", DocumentVersion::Default), ("12", DocumentVersion::Number(12))]
    {
        assert_eq!(text.parse(), Ok(version));
        assert_eq!(version.to_string(), text);
    }
    for bad in ["", "0", "01", "-1", "1.0", "$Latest", "99999999999"] {
        assert!(bad.parse::<DocumentVersion>().is_err(), "{bad}");
    }
}
