//! How AWS's names become Rust names, and when serde needs to be told the way back.

/// `OutputS3BucketName` → `output_s3_bucket_name`, `KMSKeyId` → `kms_key_id`.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 8);
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_ascii_alphanumeric() {
            if !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let after_lower = i > 0 && (chars[i - 1].is_ascii_lowercase() || chars[i - 1].is_ascii_digit());
        let before_lower = chars.get(i + 1).is_some_and(char::is_ascii_lowercase);
        let after_upper = i > 0 && chars[i - 1].is_ascii_uppercase();
        if c.is_ascii_uppercase() && !out.is_empty() && !out.ends_with('_') && (after_lower || (after_upper && before_lower)) {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// What serde's `rename_all = "PascalCase"` makes of a snake-case field.
pub fn serde_pascal(field: &str) -> String {
    field
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(chars).collect::<String>()
        })
        .collect()
}

/// `SEND_COMMAND_REQUEST` for `SendCommandRequest`.
pub fn screaming(name: &str) -> String {
    // The model has `IPAddress` and `IpAddress`, which would fold into one.
    if name == "IPAddress" {
        return "NODE_IP_ADDRESS".to_owned();
    }
    snake(name).to_ascii_uppercase()
}

/// An enum value as a variant: `AMAZON_LINUX_2022` → `AmazonLinux2022`, `AWS::EC2::Instance` → `AwsEc2Instance`.
pub fn variant(value: &str) -> String {
    value
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let shout = !word.chars().any(|c| c.is_ascii_lowercase());
            let mut chars = word.chars();
            let first = chars.next().map(|c| c.to_ascii_uppercase());
            let rest: String = if shout { chars.as_str().to_ascii_lowercase() } else { chars.as_str().to_owned() };
            first.into_iter().chain(rest.chars()).collect::<String>()
        })
        .collect()
}

/// A field name, raw where Rust reserves the word.
pub fn field(member: &str) -> String {
    let name = snake(member);
    match name.as_str() {
        "type" | "match" | "use" | "mod" | "move" | "ref" | "where" | "loop" | "for" | "in" | "static" | "enum" | "struct" | "fn"
        | "let" | "if" | "else" | "impl" | "trait" | "return" | "const" | "continue" | "break" | "async" | "await" | "final"
        | "override" | "virtual" => {
            format!("r#{name}")
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_aws_words() {
        for (wire, expected) in [
            ("OutputS3BucketName", "output_s3_bucket_name"),
            ("KMSKeyId", "kms_key_id"),
            ("IPAddress", "ip_address"),
            ("CloudWatchOutputConfig", "cloud_watch_output_config"),
            ("key", "key"),
            ("valueSet", "value_set"),
        ] {
            assert_eq!(snake(wire), expected);
        }
        assert_eq!(serde_pascal("ip_address"), "IpAddress");
        assert_eq!(variant("AMAZON_LINUX_2022"), "AmazonLinux2022");
        assert_eq!(variant("InProgress"), "InProgress");
        assert_eq!(variant("Microsoft.Compute/virtualMachines"), "MicrosoftComputeVirtualMachines");
        assert_eq!(variant("Intelligent-Tiering"), "IntelligentTiering");
        assert_eq!(field("Type"), "r#type");
    }
}
