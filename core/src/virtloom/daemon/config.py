"""The configuration file: read with every problem told at once, by line, with a suggestion.

A value of `Config` is immutable and complete: what the file does not say is filled in. A plugin's section
`[driver.NAME]` is kept as it stands until the plugin has declared its keys, and checked then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from virtloom.daemon.settings import BY_SECTION, SETTINGS, Setting
from virtloom.driver.declaration import ConfigKey


class ConfigError(Exception):
    """The configuration cannot be used.

    :ivar problems: all that is wrong, each with its file and line.
    """

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True)
class Config:
    """A complete configuration.

    :ivar values: every setting by section and name.
    :ivar given: the keys that the file set.
    :ivar drivers: the plugins' sections, not yet checked.
    :ivar path: the file that it came from, or None.
    """

    values: Mapping[str, Mapping[str, Any]]
    given: frozenset[str] = frozenset()
    drivers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    path: Path | None = None

    def get(self, key: str) -> Any:
        """A setting's value, by `section.name`."""
        section, name = key.split(".", 1)
        return self.values[section][name]

    def changed(self, other: Config) -> list[str]:
        """The keys whose values differ in another configuration, and `driver.NAME` for a plugin's section."""
        changed = [setting.key for setting in SETTINGS if self.get(setting.key) != other.get(setting.key)]
        names = sorted({*self.drivers, *other.drivers})
        return changed + [f"driver.{name}" for name in names if self.drivers.get(name) != other.drivers.get(name)]

    def driver(self, name: str, keys: Iterable[ConfigKey]) -> dict[str, Any]:
        """A plugin's section, checked against the keys that it declared, with defaults filled in.

        :raises ConfigError: for unknown keys and wrong types.
        """
        table = {key.name: Setting(f"driver.{name}", key.name, key.default, key.help) for key in keys}
        reader = _Reader(self.path, _text(self.path))
        values = reader.section(f"driver.{name}", self.drivers.get(name, {}), table)
        reader.finish()
        return values


def not_installed(name: str, installed: Iterable[str]) -> str:
    """What to say of a section of a driver that is not there, with what may have been meant."""
    import difflib  # for mistakes alone

    close = difflib.get_close_matches(name, installed, n=1, cutoff=0.6)
    do = f"did you mean [driver.{close[0]}]?" if close else f"install it (pip install virtloom-{name}), or remove it"
    return f"the section [driver.{name}] is for a driver that is not installed; {do}"


def defaults() -> Config:
    """What holds when there is no file."""
    return parse("", None)


def load(path: Path, *, required: bool = False) -> Config:
    """Read a configuration file.

    :param required: whether it is an error if there is none.
    :raises ConfigError: if it cannot be read or says something wrong.
    """
    try:
        text = path.read_text()
    except FileNotFoundError:
        if required:
            raise ConfigError([f"{path}: there is no such file; 'virtloom config init' writes one"]) from None
        return defaults()
    except OSError as error:
        raise ConfigError([f"{path}: it cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"{path}: it is not UTF-8 text: {error}"]) from error
    return parse(text, path)


def parse(text: str, path: Path | None) -> Config:
    """A configuration from the file's text.

    :param path: the file's name for messages.
    :raises ConfigError: with everything that is wrong.
    """
    document = _document(text, path) if text.strip() else {}
    reader = _Reader(path, text)
    drivers = reader.drivers(document.pop("driver", {}))
    given = set()
    values = {}
    for name, found in document.items():
        if not isinstance(found, dict) and name not in BY_SECTION:
            reader.outside(name)
        elif name not in BY_SECTION:
            reader.unknown(f"the section [{name}]", name, [*BY_SECTION, "driver"], None)
        elif not isinstance(found, dict):
            reader.problem(f"[{name}] must be a section", None, name)
    for name, table in BY_SECTION.items():
        section = document.get(name, {})
        section = section if isinstance(section, dict) else {}
        values[name] = reader.section(name, section, table)
        given |= {f"{name}.{key}" for key in section if key in table}
    reader.finish()
    return Config(values, frozenset(given), drivers, path)


def _document(text: str, path: Path | None) -> dict[str, Any]:
    import tomllib  # most daemons have no file, and this one takes a tenth of their start

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path or 'configuration'}: {error}"]) from error


class _Reader:
    """Collects what is wrong while the sections are read."""

    def __init__(self, path: Path | None, text: str) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._problems: list[str] = []

    def section(self, name: str, found: Mapping[str, Any], table: Mapping[str, Setting]) -> dict[str, Any]:
        """A section's values, complete."""
        values: dict[str, Any] = {key: setting.default for key, setting in table.items()}
        for key, value in found.items():
            setting = table.get(key)
            if setting is None:
                self.unknown(f"the key {name}.{key}", key, list(table), name)
            elif objection := setting.objection(value):
                self.problem(objection, name, key)
            else:
                values[key] = float(value) if isinstance(setting.default, float) else value
        for key, setting in table.items():
            if excess := setting.excess(values):
                self.problem(excess, name, key if key in found else str(setting.at_most))
        return values

    def drivers(self, found: Any) -> dict[str, Mapping[str, Any]]:
        """The plugins' sections, as they stand."""
        if not isinstance(found, dict):
            self.problem("[driver.NAME] must be sections", None, "driver")
            return {}
        for name, section in found.items():
            if not isinstance(section, dict):
                self.problem(f"driver.{name} must be a section, [driver.{name}]", "driver", name)
        return {name: section for name, section in found.items() if isinstance(section, dict)}

    def outside(self, name: str) -> None:
        """A key before the first section, where none may stand."""
        meant = next((f"; did you mean {one.key}?" for one in SETTINGS if one.name == name), "")
        self.problem(f"the key {name} is in no section{meant}", None, name)

    def unknown(self, what: str, name: str, known: list[str], section: str | None) -> None:
        """Something that there is not, with what may have been meant."""
        import difflib  # for mistakes alone

        close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        suggestion = f"; did you mean {close[0]}?" if close else f"; known are {', '.join(sorted(known)) or 'none'}"
        self.problem(f"{what} is not known{suggestion}", section, name)

    def problem(self, text: str, section: str | None, key: str) -> None:
        """Keep a problem, with its place in the file."""
        line = self._line_of(section, key)
        place = f"{self._path or 'configuration'}" + (f":{line}" if line else "")
        self._problems.append(f"{place}: {text}")

    def _line_of(self, section: str | None, key: str) -> int | None:
        """The line of a key: tomllib keeps none, so it is looked for below its section's head."""
        current = None
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
        for number, line in enumerate(self._lines, 1):
            head = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
            if head:
                current = head.group(1).replace('"', "").replace("'", "")
                if section is None and current.split(".")[0] == key:
                    return number
            elif current == section and pattern.match(line):
                return number
        return None

    def finish(self) -> None:
        """:raises ConfigError: if anything was wrong."""
        if self._problems:
            raise ConfigError(self._problems)


def _text(path: Path | None) -> str:
    try:
        return "" if path is None else path.read_text()
    except OSError:
        return ""
