//! The real AWS CLI and boto3 against a hub.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// How AWS tools reach one hub.
#[derive(Clone, Debug)]
pub struct Aws {
    url: String,
    ca_file: PathBuf,
    credentials: PathBuf,
}

/// What a run of the AWS CLI came to.
#[derive(Debug)]
pub struct Outcome {
    pub success: bool,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The output as JSON; null when there was none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or(Value::Null)
    }

    /// The error code in `An error occurred (<code>) when calling …`.
    pub fn error_code(&self) -> Option<&str> {
        let (_, rest) = self.stderr.split_once("An error occurred (")?;
        rest.split_once(')').map(|(code, _)| code)
    }
}

impl Aws {
    pub fn new(url: &str, ca_file: &Path, credentials: &Path) -> Self {
        Self { url: url.to_owned(), ca_file: ca_file.to_owned(), credentials: credentials.to_owned() }
    }

    pub(crate) fn environment(&self, command: &mut Command) {
        command
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_CA_BUNDLE", &self.ca_file)
            .env("AWS_SHARED_CREDENTIALS_FILE", &self.credentials)
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_REGION", "local-1")
            .env("AWS_DEFAULT_REGION", "local-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_PAGER", "")
            .env("AWS_MAX_ATTEMPTS", "2")
            .env_remove("AWS_ACCESS_KEY_ID")
            .env_remove("AWS_SECRET_ACCESS_KEY")
            .env_remove("AWS_SESSION_TOKEN")
            .env_remove("AWS_PROFILE")
            .env("PYTHONWARNINGS", "ignore");
    }

    /// `aws ssm <operation> --cli-input-json <input>`; panics unless it succeeds.
    pub fn call(&self, operation: &str, input: &Value) -> Value {
        let outcome = self.cli(&["ssm", operation, "--cli-input-json", &input.to_string()]);
        assert!(outcome.success, "aws ssm {operation} failed: {}", outcome.stderr);
        outcome.json()
    }

    /// `aws ssm <operation>` that must fail; its error code.
    pub fn error(&self, operation: &str, input: &Value) -> String {
        let outcome = self.cli(&["ssm", operation, "--cli-input-json", &input.to_string()]);
        assert!(!outcome.success, "aws ssm {operation} succeeded: {}", outcome.stdout);
        outcome.error_code().unwrap_or_else(|| panic!("no error code in {}", outcome.stderr)).to_owned()
    }

    /// `aws <arguments>`.
    pub fn cli(&self, arguments: &[&str]) -> Outcome {
        let mut command = Command::new(tool("aws"));
        self.environment(&mut command);
        let output = command.args(["--output", "json"]).args(arguments).output().expect("the AWS CLI starts");
        Outcome {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs Python with [`PRELUDE`]: boto3, and the AWS CLI without a start of Python for each call. The script prints its result as JSON.
    /// Panics unless it succeeds.
    pub fn boto3(&self, script: &str) -> Value {
        self.boto3_given(&Value::Null, script)
    }

    /// The same; the script finds `given` under that name.
    pub fn boto3_given(&self, given: &Value, script: &str) -> Value {
        let mut command = Command::new(tool("python3"));
        self.environment(&mut command);
        command.env("GIVEN", given.to_string());
        let output = command.args(["-c", &format!("{PRELUDE}{script}")]).output().expect("Python starts");
        assert!(output.status.success(), "boto3 failed: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

/// What scripts of [`Aws::boto3`] begin with: `ssm`, boto3's client; `aws(…)`, the AWS CLI with these arguments and what it printed as JSON;
/// `refused(call, …)` and `cli_refused(…)`, the code of the error that either must end in; `client(…)`, a boto3 client with other keys;
/// `unchecked`, one that sends what boto3 itself would refuse.
const PRELUDE: &str = r#"
import boto3, contextlib, datetime, io, json, os, sys, time
from botocore.config import Config
from botocore.exceptions import ClientError
given = json.loads(os.environ['GIVEN'])
def client(**more):
    return boto3.client('ssm', **more)
ssm = client()
unchecked = client(config=Config(parameter_validation=False))
def refused(call, **members):
    try:
        answer = call(**members)
    except ClientError as error:
        return error.response['Error']['Code']
    raise AssertionError('%r was not refused: %r' % (members, answer))
def cli(*arguments):
    from awscli.clidriver import create_clidriver
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = create_clidriver().main(['--output', 'json', *arguments])
        except SystemExit as ended:
            code = ended.code
    return code, out.getvalue(), err.getvalue()
def aws(*arguments):
    code, out, err = cli(*arguments)
    assert code == 0, '%r failed: %s' % (arguments, err)
    return json.loads(out) if out.strip() else None
def cli_refused(*arguments):
    code, out, err = cli(*arguments)
    assert code != 0, '%r was not refused: %s' % (arguments, out)
    assert 'An error occurred (' in err, err
    return err.split('An error occurred (')[1].split(')')[0]
def same(seen, expected, what=''):
    assert seen == expected, '%s: %r is not %r' % (what, seen, expected)
"#;

/// A tool of the environment that `cargo xtask setup` made, or the one on the PATH.
pub(crate) fn tool(name: &str) -> PathBuf {
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache")));
    match cache.map(|c| c.join("quarterdeck/venv/bin").join(name)).filter(|p| p.exists()) {
        Some(path) => path,
        None => PathBuf::from(name),
    }
}
