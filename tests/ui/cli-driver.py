"""Runs the AWS CLI's own program in one process for many command lines: lists of arguments as JSON on standard input.
Prints, for each, the id of the command that was sent, or what the CLI said instead."""
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

driver = create_clidriver()
for arguments in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    # The CLI writes to the buffer below, where there is one.
    out.buffer = io.BytesIO()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            code = driver.main(arguments + ["--output", "json"])
    except SystemExit as end:
        code = end.code
    text = out.getvalue() or out.buffer.getvalue().decode()
    try:
        said = json.loads(text)["Command"]["CommandId"] if code == 0 else None
    except (ValueError, KeyError):
        said = None
    print(json.dumps({"id": said, "error": None if said else f"{code}: {err.getvalue()} {text}"[:500]}), flush=True)
