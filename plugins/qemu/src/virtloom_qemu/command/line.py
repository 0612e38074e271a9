"""A command line while it is put together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Props = Mapping[str, Any]


def given(props: Props) -> dict[str, Any]:
    """The properties that have a value."""
    return {name: value for name, value in props.items() if value is not None}


def comma(text: str) -> str:
    """Text as it stands in a value of the form `name=value,...`: its commas are doubled."""
    return text.replace(",", ",,")


def joined(head: str | None, options: Props) -> str:
    """A value of the form `head,name=value,...`, of the options that have a value."""
    parts = [f"{name}={comma(str(value))}" for name, value in options.items() if value is not None]
    return ",".join(([] if head is None else [head]) + parts)


class CommandLine:
    """Arguments and environment.

    :ivar argv: the program and its arguments; :ivar env: what is added to its environment.
    :ivar overrides: properties of devices that the definition asks for, by alias (`<qemu:override>`).
    """

    def __init__(self, program: str, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.argv = [program]
        self.env: dict[str, str] = {}
        self.overrides = overrides or {}

    def option(self, name: str, value: str | None = None) -> None:
        """Add `-name value`."""
        self.argv.append(f"-{name}")
        if value is not None:
            self.argv.append(value)

    def json(self, name: str, props: Props) -> None:
        """Add an option whose value is a JSON object, without the properties that have no value."""
        self.option(name, json.dumps(given(props), separators=(",", ":")))

    def device(self, props: Props) -> None:
        """Add a device."""
        found = given(props)
        for name, value in self.overrides.get(found.get("id", ""), {}).items():
            found.pop(name, None)
            if value is not None:
                found[name] = value
        self.json("device", found)

    def object(self, kind: str, name: str, props: Props) -> None:
        """Add an object, such as a memory backend or a secret."""
        self.json("object", {"qom-type": kind, "id": name, **props})
