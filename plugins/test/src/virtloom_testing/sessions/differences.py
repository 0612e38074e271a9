"""How the calls that were made differ from the recorded ones, for people to read."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from virtloom_testing.sessions.calls import Call, Value

if TYPE_CHECKING:
    from virtloom_testing.sessions.script import Step

SHORT = 60  # characters of a text that are shown
AROUND = 2  # calls that are shown before and after a difference


def written(call: Call) -> str:
    """A call in a line: `domain_lookup_by_name(name='test')`."""
    program = "" if call.program == "remote" else f"{call.program}."
    args = sorted(call.args.items(), key=lambda arg: not isinstance(arg[1], Mapping))  # the object first, as everywhere
    return f"{program}{call.name}({', '.join(f'{name}={_short(value)}' for name, value in args)})"


def answered(call: Call) -> str:
    """How a call was answered, in a line."""
    if call.lost:
        return "the connection closed"
    if call.error is not None:
        return f"error {call.error.get('code')}: {call.error.get('message')}"
    return ", ".join(f"{name}={_short(value)}" for name, value in (call.reply or {}).items())


def _short(value: Any) -> str:
    """A value in few words: an object by its name, a text by its beginning."""
    if isinstance(value, Mapping):
        return (
            str(value["name"]) if "name" in value else f"{{{', '.join(f'{k}={_short(v)}' for k, v in value.items())}}}"
        )
    if isinstance(value, list):
        shown = ", ".join(map(_short, value[:4]))
        return f"[{shown}{', ...' if len(value) > 4 else ''}]"
    if isinstance(value, str):
        return repr(value) if len(value) <= SHORT else f"{value[:SHORT]!r}..."
    return str(value)


def show(steps: Mapping[int, list[Step]], *, answers: bool = False) -> str:
    """The differences of all connections; "" if there are none.

    :param answers: whether the answers are compared too.
    """
    return "\n".join(line for number, one in steps.items() for line in _connection(number, one, answers))


def _connection(number: int, steps: list[Step], answers: bool) -> Iterator[str]:
    """One connection's calls around its differences: `-` recorded, `+` made, `!` made or answered otherwise."""
    different = [at for at, step in enumerate(steps) if not step.alike or (answers and not step.answered_alike)]
    if not different:
        return
    yield f"connection {number}:"
    shown = sorted(
        {at for place in different for at in range(place - AROUND, place + AROUND + 1)} & {*range(len(steps))}
    )
    before = -1
    for at in shown:
        if at != before + 1:
            yield "  ..."
        yield from _step(steps[at], answers)
        before = at
    if before != len(steps) - 1:
        yield "  ..."


def _step(step: Step, answers: bool) -> Iterator[str]:
    if step.recorded is None:
        assert step.made is not None
        yield f"+ {written(step.made)}"
    elif step.made is None:
        yield f"- {written(step.recorded)}"
    elif step.alike and (step.answered_alike or not answers):
        yield f"  {written(step.made)}"
    else:
        yield f"! {written(step.made)}"
        yield from _fields(step.recorded.compared(), step.recorded.compared(step.made.args))
        yield from _uploads(step.recorded.uploaded, step.made.uploaded)
        if answers:
            yield from _answers(step.recorded, step.made)


def _uploads(recorded: bytes, made: bytes) -> Iterator[str]:
    if recorded != made:
        same = next((at for at, pair in enumerate(zip(recorded, made, strict=False)) if pair[0] != pair[1]), None)
        where = min(len(recorded), len(made)) if same is None else same
        yield f"    stream: {len(recorded)} bytes -> {len(made)} bytes, different from byte {where} on"


def _answers(recorded: Call, made: Call) -> Iterator[str]:
    if recorded.reply is not None and made.reply is not None:
        yield from _fields(recorded.reply, made.reply, "-> ")
    elif answered(recorded) != answered(made):
        yield f"    {answered(recorded)} -> {answered(made)}"
    elif recorded.error is not None and made.error is not None:
        yield from _fields(recorded.error, made.error, "error: ")


def _fields(recorded: Value, made: Value, path: str = "") -> Iterator[str]:
    """The fields that differ, each with what was recorded and what came; texts of several lines line by line."""
    for name in dict.fromkeys((*recorded, *made)):
        before, after = recorded.get(name), made.get(name)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _fields(before, after, f"{path}{name}.")
        elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
            yield f"    {path}{name}:"
            lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm="")
            yield from (f"      {line}" for line in list(lines)[2:])
        else:
            yield f"    {path}{name}: {_value(before)} -> {_value(after)}"


def _value(value: Any) -> str:
    return "nothing" if value is None else repr(value)
