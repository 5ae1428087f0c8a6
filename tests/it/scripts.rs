//! Two hundred nasty script texts, end to end: what a person types is what the node runs, byte for byte.

use qd_tests::{Engine, TestAgent, TestHub};
use serde_json::{Value, json};

/// What has broken shells, templating, JSON and terminals before.
const PIECES: &[&str] = &[
    "plain",
    " leading and trailing ",
    "'single'",
    "\"double\"",
    "`backtick`",
    "$HOME ${HOME} $(id) $((1+1))",
    "\\n \\t \\\\ \\0",
    "a\tb",
    "{{ commands }}",
    "{{workingDirectory}}",
    "{{ ssm }}",
    "{{}}",
    "}}{{",
    "{{{{ x }}}}",
    "{% raw %}",
    "%s %d %% %n",
    "!history !!",
    "#!/bin/false",
    "# comment",
    "; rm -rf /nowhere",
    "&& false",
    "|| true",
    "| cat",
    "> /dev/null",
    "< /dev/null",
    "2>&1",
    "&",
    "* ? [a-z]",
    "~root",
    "~",
    "-n",
    "--",
    "-e \\n",
    "=",
    "a=b",
    "\u{1b}[31mred\u{1b}[0m",
    "\u{7}bell",
    "\u{8}back",
    "carriage\rreturn",
    "form\u{c}feed",
    "vertical\u{b}tab",
    "한글 스크립트",
    "각\u{1100}\u{1161}\u{11a8}",
    "日本語 中文",
    "العربية ‏עברית",
    "🚀👨‍👩‍👧‍👦🏴",
    "e\u{301} é",
    "\u{feff}bom",
    "\u{200b}zero\u{200d}width",
    "\u{202e}override",
    "\u{2028}line\u{2029}paragraph",
    "\u{85}next line",
    "\u{ffff}\u{fffe}",
    "\u{10ffff}",
    "ß ẞ ı İ",
    "<xml attr=\"1\">&amp;</xml>",
    "<script>alert(1)</script>",
    "]]>",
    "{\"json\": [1, null, \"\\u0000\"]}",
    "key: [yaml, *alias, &anchor]",
    "--- \n...",
    "SELECT * FROM t; -- '",
    "\u{1}\u{2}\u{3}\u{1f}\u{7f}",
    "EOF",
    "END",
    "'\"'\"'",
    "\\'",
    "\\\"",
    "$'\\x41'",
    "${x:-default} ${x//a/b} ${#x}",
    "[[ a == b ]]",
    "case x in *) ;; esac",
    "()",
    "{ :; }",
    "%PATH% ^& ^|",
    "C:\\Windows\\System32",
    "\\\\server\\share",
    "../../etc/passwd",
    "file:///etc/passwd",
    "https://user:pass@host/?q=1#f",
    "aws:runShellScript",
    "arn:aws:ssm:*:*:*",
    "0",
    "00",
    "1e999",
    "NaN",
    "-0",
    "true",
    "null",
    "undefined",
    "None",
    "yes",
    "off",
];

fn texts() -> Vec<String> {
    let mut texts: Vec<String> = PIECES.iter().map(|p| (*p).to_owned()).collect();
    texts.push(String::new());
    texts.push("x".repeat(20_000));
    texts.push("긴 줄 ".repeat(2_000));
    texts.push("line\n".repeat(2_000));
    texts.push("\n\n\n".to_owned());
    texts.push("mixed\nunix\r\ndos\rmac".to_owned());
    let mut n = 0;
    while texts.len() < 200 {
        // Neighbours and strangers, on one line and on two.
        let (one, other) = (PIECES[n % PIECES.len()], PIECES[(n * 7 + 13) % PIECES.len()]);
        texts.push(if n % 2 == 0 { format!("{one}{other}") } else { format!("{one}\n{other}") });
        n += 1;
    }
    texts
}

#[test]
fn two_hundred_nasty_scripts_arrive_and_return_as_they_are() {
    let hub = TestHub::start(Engine::Sqlite);
    let agent = TestAgent::start(&hub, &[]);
    let texts = texts();
    assert_eq!(texts.len(), 200);
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("texts.json");
    std::fs::write(&file, json!(texts).to_string()).expect("written");
    let seen = hub.aws().boto3(&format!(
        "texts = json.load(open({file:?}))
node = '{node}'
sent = []
for text in texts:
    script = \"cat <<'QUARTERDECK_END_OF_TEXT'\\n\" + text + '\\nQUARTERDECK_END_OF_TEXT'
    while True:
        open_ones = ssm.list_command_invocations(InstanceId=node, Filters=[{{'key': 'Status', 'value': 'InProgress'}}])['CommandInvocations']
        if len(open_ones) < 12: break
        time.sleep(0.1)
    sent.append(ssm.send_command(DocumentName='AWS-RunShellScript', InstanceIds=[node], Parameters={{'commands': [script]}})['Command']['CommandId'])
results = []
for command in sent:
    deadline = time.time() + 120
    while True:
        got = ssm.get_command_invocation(CommandId=command, InstanceId=node)
        if got['Status'] not in ('Pending', 'InProgress', 'Delayed') or time.time() > deadline: break
        time.sleep(0.1)
    results.append([got['Status'], got['StandardOutputContent']])
print(json.dumps(results))",
        file = file.display().to_string(),
        node = agent.instance_id
    ));
    let results = seen.as_array().expect("results");
    assert_eq!(results.len(), texts.len());
    let mut wrong = Vec::new();
    for (text, result) in texts.iter().zip(results) {
        let expected: String = {
            let whole = format!("{text}\n");
            if whole.chars().count() > 24_000 { continue } else { whole }
        };
        if result[0] != "Success" || result[1] != Value::String(expected) {
            wrong.push(format!("{text:?} came back as {result}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} texts changed on the way:\n{}", wrong.len(), texts.len(), wrong.join("\n"));
}
