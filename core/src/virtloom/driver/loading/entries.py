"""Entry points: what installed distributions name for a group, such as our plugins.

Read without `importlib.metadata` where distributions are folders on the path, as pip installs them: that module brings
along what reads mail, archives and tables, which is a tenth of the daemon's start.
Source: the entry points specification and PEP 376 on packaging.python.org.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, NamedTuple

# What a distribution's folder ends with, and the file in it that has its name and version.
FOLDERS = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}


class Entry(NamedTuple):
    """An entry point.

    :ivar value: what it names, as `module:attribute`; :ivar origin: the distribution and its version.
    """

    name: str
    value: str
    origin: str

    def load(self) -> Any:
        """What it names; what the import raises leaves as it is."""
        module, _, path = self.value.partition("[")[0].replace(" ", "").partition(":")
        found: Any = importlib.import_module(module)
        for attribute in path.split(".") if path else ():
            found = getattr(found, attribute)
        return found


def entries(group: str) -> list[Entry]:
    """The entry points of a group, by name; of a distribution that is there twice, those of the first on the path."""
    return sorted(_read(group) if _are_folders() else _told(group))


def _are_folders() -> bool:
    """Whether all that is installed is in folders: neither in archives nor found by a finder of somebody's own."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    return finders == [PathFinder] and not any(os.path.isfile(place) for place in sys.path)


def _told(group: str) -> Iterator[Entry]:
    from importlib.metadata import entry_points

    for entry in entry_points(group=group):
        origin = entry.value if entry.dist is None else f"{entry.dist.name} {entry.dist.version}"
        yield Entry(entry.name, entry.value, origin)


def _read(group: str) -> Iterator[Entry]:
    seen = set()
    for place in sys.path:
        for folder in _distributions(Path(place)):
            name = re.sub(r"[-_.]+", "-", folder.stem.partition("-")[0]).lower()
            if name not in seen:
                seen.add(name)
                yield from _named(folder, group)


def _distributions(place: Path) -> list[Path]:
    try:
        names = os.listdir(place)
    except OSError:
        return []
    return [place / name for name in names if name.endswith(tuple(FOLDERS))]


def _named(folder: Path, group: str) -> Iterator[Entry]:
    """What one distribution names for a group."""
    section, origin = "", ""
    for line in map(str.strip, _lines(folder / "entry_points.txt")):
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif section == group and "=" in line and not line.startswith(("#", ";")):
            origin = origin or _origin(folder)
            name, _, value = line.partition("=")
            yield Entry(name.strip(), value.strip(), origin)


def _origin(folder: Path) -> str:
    """A distribution's name and version, from the head of its metadata."""
    head: dict[str, str] = {}
    for line in _lines(folder / FOLDERS[folder.suffix]):
        field, _, value = line.partition(":")
        head.setdefault(field.lower(), value.strip())
        if not line:
            break
    return f"{head.get('name', folder.stem)} {head.get('version', '')}".rstrip()


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
