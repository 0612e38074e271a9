"""The questions that an emulator is asked once, over QMP on its own standard input and output.

The emulator runs without a machine and ends by itself after the last answer, so that one helper process with a deadline
is all that it takes (docs/interop/qmp-spec in QEMU's sources).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from virtloom.driver.work.process import Finished
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

Run = Callable[..., Finished]

DEADLINE = 30  # seconds; TCG on a busy host answers within one
OUTPUT_MAX = 4 << 20  # bytes; what QEMU 7.2 answers has 200 KiB
QUESTIONS = (
    "query-version",
    "query-target",
    "query-kvm",
    "query-machines",
    "query-cpu-definitions",
    "query-commands",
    "query-command-line-options",
    "qom-list-types",
)
WORDS_MAX = 300  # characters of what it says when it fails
MOST = "query-cpu-model-expansion"  # what the most that a guest's processor can be has
OPTIONAL = ("query-sev-capabilities", MOST)  # not every host or emulator answers
ARGUMENTS = {MOST: {"type": "static", "model": {"name": "max"}}}


def ask(run: Run, path: str) -> dict[str, Any]:
    """What an emulator answers, by question.

    `cpu-models` has its processors by accelerator, `cpu-most` what the most of them has; `kvm-fault` is what it says
    when KVM is there and does not give a guest the host's own processor.

    :param run: runs a helper process, as `DriverHost.run` does.
    :raises VirtError: INTERNAL_ERROR if it does not answer, OPERATION_TIMEOUT past the deadline.
    """
    report = _converse(run, path, "kvm:tcg", QUESTIONS, OPTIONAL)
    first = "kvm" if report["query-kvm"]["enabled"] else "tcg"
    models, most = {first: report["query-cpu-definitions"]}, {first: _properties(report)}
    if first != "tcg":
        other = _converse(run, path, "tcg", ("query-cpu-definitions",), (MOST,))
        models["tcg"], most["tcg"] = other["query-cpu-definitions"], _properties(other)
    return {**report, "cpu-models": models, "cpu-most": most, "kvm-fault": _kvm_fault(run, path, report)}


def _properties(answers: dict[str, Any]) -> dict[str, Any]:
    """What the most that a guest's processor can be has; {} if the emulator does not tell."""
    properties: dict[str, Any] = (answers.get(MOST) or {}).get("model", {}).get("props", {})
    return properties


def _kvm_fault(run: Run, path: str, report: dict[str, Any]) -> str | None:
    """What keeps KVM from giving a guest the host's own processor: of a host that is a guest, a part may be missing."""
    machine = next((one["name"] for one in report["query-machines"] if one.get("is-default")), None)
    if machine is None or not report["query-kvm"]["enabled"]:
        return None
    try:
        _converse(run, path, "kvm", ("query-kvm",), machine=machine, more=("-cpu", "host"))
    except VirtError as error:
        return error.message[:WORDS_MAX]
    return None


def _converse(
    run: Run,
    path: str,
    accelerator: str,
    questions: tuple[str, ...],
    optional: tuple[str, ...] = (),
    machine: str = "none",
    more: tuple[str, ...] = (),
) -> dict[str, Any]:
    argv = [
        path, "-S", "-no-user-config", "-nodefaults", "-display", "none", "-machine", f"{machine},accel={accelerator}",
        "-qmp", "stdio", *more,
    ]  # fmt: skip
    requests: list[dict[str, Any]] = [{"execute": "qmp_capabilities"}]
    for question in (*questions, *optional):
        given = {"arguments": ARGUMENTS[question]} if question in ARGUMENTS else {}
        requests.append({"execute": question, "id": question, **given})
    requests.append({"execute": "quit"})
    text = "".join(json.dumps(request) + "\n" for request in requests)
    finished = run(argv, deadline=DEADLINE, stdin=text.encode(), limit=OUTPUT_MAX, check=False)
    answers = dict(_answers(finished.stdout))
    if missing := [question for question in questions if question not in answers]:
        words = finished.stderr.decode(errors="replace").strip() or f"no answer to {missing[0]}"
        detail = f"Failed to probe QEMU binary with QMP: {words}"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return answers


def _answers(output: bytes) -> list[tuple[str, Any]]:
    found = []
    for line in output.splitlines():
        try:
            message = json.loads(line)
        except ValueError:
            continue
        if isinstance(message, dict) and "return" in message and "id" in message:
            found.append((message["id"], message["return"]))
    return found
