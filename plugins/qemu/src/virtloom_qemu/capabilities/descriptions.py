"""Programs and files for QEMU that are installed, as their makers describe them: one JSON document each.

QEMU's sources say what is in them: docs/interop/firmware.json, docs/interop/vhost-user.json.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any


def described(folders: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The documents that can be read, in the order of their names.

    :param folders: nearest first: a file hides its namesakes in the folders further on, also an empty one.
    """
    files: dict[str, Path] = {}
    for folder in map(Path, folders):
        for path in sorted(folder.glob("*.json")):
            files.setdefault(path.name, path)
    for _, path in sorted(files.items()):
        try:
            document = json.loads(path.read_text())
        except (OSError, ValueError):
            continue  # an empty file is how an administrator hides one
        if isinstance(document, dict):
            yield document


def vhost_user_program(kind: str, folders: Sequence[str]) -> str | None:
    """The first program of a kind that serves devices over vhost-user, such as `fs`."""
    found = (one.get("binary") for one in described(folders) if one.get("type") == kind)
    return next((binary for binary in found if isinstance(binary, str)), None)
