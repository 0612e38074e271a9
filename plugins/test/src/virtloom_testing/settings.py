"""The configuration of a scratch daemon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# What a test wants of the driver, where libvirt's own would differ.
DEFAULTS: Mapping[str, Any] = {"keep_hosts": True, "extras": True}


def configuration(settings: Mapping[str, Any]) -> str:
    """The text of the configuration file.

    :param settings: keys of the section `[driver.test]`, over the usual ones.
    """
    lines = [f"{key} = {_toml(value)}" for key, value in {**DEFAULTS, **settings}.items()]
    return "\n".join(["[server]", "stop_timeout = 2.0", "", "[driver.test]", *lines, ""])


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
