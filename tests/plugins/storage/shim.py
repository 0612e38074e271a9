#!/usr/bin/env -S python3 -IS
"""Plays any program: answers from `table.json` beside it, by the first rule that fits the call.

A rule is a dictionary: `call` is a regular expression for the whole command line; `if` a path that must exist (with `!`
in front: must not); `prints` goes to stdout, `says` to stderr, `status` is the exit status; `makes` and `removes` are
paths of files to be made (of 1 MiB) and removed. Every call is noted in `calls`, one a line.
"""

import json
import os
import re
import sys

here = os.path.dirname(os.path.abspath(sys.argv[0]))
line = " ".join([os.path.basename(sys.argv[0]), *sys.argv[1:]])
with open(f"{here}/calls", "a") as calls:
    calls.write(line + "\n")
with open(f"{here}/table.json") as table:
    rules = json.load(table)


def holds(condition: str) -> bool:
    """Whether a rule's condition holds now."""
    return not condition or os.path.exists(condition.lstrip("!")) is not condition.startswith("!")


rule = next((rule for rule in rules if re.fullmatch(rule["call"], line) and holds(rule.get("if", ""))), None)
if rule is None:
    sys.exit(f"{line}: the shim has no rule for this")
if "makes" in rule:
    os.makedirs(os.path.dirname(rule["makes"]), exist_ok=True)
    with open(rule["makes"], "wb") as made:
        made.truncate(1 << 20)
if "removes" in rule:
    os.unlink(rule["removes"])
sys.stdout.write(rule.get("prints", ""))
sys.stderr.write(rule.get("says", ""))
sys.exit(rule.get("status", 0))
