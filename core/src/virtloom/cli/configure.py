"""`virtloom config`: writes a configuration file, shows what holds, checks it, changes a key."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w

from virtloom.cli import show
from virtloom.daemon.config import Config, ConfigError, load, not_installed, parse
from virtloom.daemon.places import Places
from virtloom.daemon.settings import BY_SECTION, SETTINGS
from virtloom.driver.declaration import ConfigKey
from virtloom.driver.files.store import write_atomically
from virtloom.driver.loading.registry import DriverRegistry


def add_commands(commands: Any) -> None:
    """Add `config` and what follows it."""
    config = commands.add_parser("config", help="write, show, check and change the configuration")
    actions = config.add_subparsers(dest="action", required=True, metavar="ACTION")
    init = actions.add_parser("init", help="write a file with every key at its default")
    init.add_argument("--force", action="store_true", help="replace a file that is there")
    init.set_defaults(run=write_defaults)
    actions.add_parser("show", help="every key, its value and where it came from").set_defaults(run=print_config)
    actions.add_parser("check", help="all that is wrong with the file").set_defaults(run=check)
    change = actions.add_parser("set", help="change a key; comments in the file are lost")
    change.add_argument("key", help="SECTION.NAME, such as server.max_workers")
    change.add_argument("value", help="its value, as TOML has it; text needs no quotes")
    change.set_defaults(run=set_key)


def file_of(options: argparse.Namespace) -> Path:
    """The configuration file that is meant."""
    if options.config:
        return Path(options.config)
    return (Places.below(options.root) if options.root else Places.default()).config


def write_defaults(options: argparse.Namespace) -> None:
    """Write a file with every key at its default, each under a comment that says what it is for.

    :raises ConfigError: if there is one already.
    """
    path = file_of(options)
    if path.exists() and not options.force:
        raise ConfigError([f"{path}: there is one already; --force replaces it"])
    lines = ["# virtloomd's configuration. Every key stands at its default; remove what you do not change."]
    for section, table in BY_SECTION.items():
        lines += ["", f"[{section}]"]
        for setting in table.values():
            lines += [f"# {setting.help}", tomli_w.dumps({setting.name: setting.default}).strip()]
    write_atomically(path, ("\n".join(lines) + "\n").encode(), mode=0o644)
    print(f"wrote {path}")


def print_config(options: argparse.Namespace) -> None:
    """Every key, its value, where it came from, what it is for."""
    config = load(file_of(options), required=options.config is not None)
    rows = [(s.key, _shown(config.get(s.key)), _origin(s.key in config.given), s.help) for s in SETTINGS]
    declared = _declared()
    for name, keys in declared.items():
        given, values = config.drivers.get(name, {}), config.driver(name, keys)
        rows += [(f"driver.{name}.{k.name}", _shown(values[k.name]), _origin(k.name in given), k.help) for k in keys]
    show.table(("key", "value", "from", "what it is for"), rows)
    for note in _strangers(config, declared):
        print(note)


def _origin(is_given: bool) -> str:
    return "file" if is_given else "default"


def _shown(value: Any) -> str:
    """A value as TOML has it, in one line."""
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    return tomli_w.dumps({"v": value}).partition("=")[2].strip()


def _declared() -> dict[str, tuple[ConfigKey, ...]]:
    """The drivers that are installed, with the keys of their sections."""
    registry = DriverRegistry()
    registry.discover()
    declared = (status.declaration for status in registry.statuses)
    return {one.name: one.config for one in declared if one is not None}


def _strangers(config: Config, declared: Mapping[str, object]) -> list[str]:
    """Sections of drivers that are not installed, which is no error: they may be yet."""
    return [not_installed(name, declared) for name in config.drivers if name not in declared]


def check(options: argparse.Namespace) -> None:
    """Say that the file is good, or all that is wrong with it."""
    path = file_of(options)
    config, declared = load(path, required=options.config is not None), _declared()
    for name, keys in declared.items():
        config.driver(name, keys)
    for note in _strangers(config, declared):
        print(f"{path}: {note}")
    print(f"{path}: good" if path.exists() else f"{path}: there is none, so every key is at its default")


def set_key(options: argparse.Namespace) -> None:
    """Change a key; a value that would make the file wrong changes nothing.

    :raises ConfigError: for an unknown key or a wrong value, with a suggestion.
    """
    path = file_of(options)
    section, _, name = options.key.rpartition(".")
    text = path.read_text() if path.exists() else ""
    parse(text, path)
    document = tomllib.loads(text)
    table = document
    for step in section.split(".") if section else ():
        table = table.setdefault(step, {})
    table[name] = _value(section, name, options.value)
    written = tomli_w.dumps(document)
    changed = parse(written, None)
    if section.startswith("driver."):
        _check_driver(changed, section.removeprefix("driver."))
    write_atomically(path, written.encode(), mode=0o644)
    comments = " (its comments are gone)" if "#" in text else ""
    print(f"{path}: {options.key} = {tomli_w.dumps({'v': table[name]}).partition('=')[2].strip()}{comments}")


def _check_driver(config: Config, name: str) -> None:
    declared = _declared()
    if name not in declared:
        raise ConfigError([not_installed(name, declared)])
    config.driver(name, declared[name])


def _value(section: str, name: str, text: str) -> Any:
    """The value of a text: as TOML has it, or the text itself where the key wants one."""
    setting = BY_SECTION.get(section, {}).get(name)
    if setting is not None and isinstance(setting.default, str):
        return text.strip("\"'")
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text
