"""Imports go down the list of layers only, and a plugin sees of the core what the contract allows.

The rules are design decisions that no type checker sees; this test reads the imports from the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CORE = ROOT / "core" / "src" / "virtloom"
LAYERS = ("errors", "locks", "xdr", "wire", "xmldef", "driver", "api", "server", "daemon")
BESIDE = {
    "client": {"wire", "xdr", "errors"},
    "lint": set(),
    "cli": {*LAYERS, "client", "lint"},
    "testkit": {*LAYERS, "client"},
}
FOR_PLUGINS = {"driver", "locks", "xmldef", "errors"}
# What a distribution has beside its driver: programs for people, which stand above the daemon as the core's own do.
TOOLS = {"virtloom_testing": {"client", "cli", "daemon", "wire", "xdr", "errors", "driver"}}


def allowed(package: str) -> set[str]:
    """What a package of the core may import."""
    if package in BESIDE:
        return BESIDE[package] | {package}
    below = set(LAYERS[: LAYERS.index(package) + 1])
    return {"locks"} if package == "locks" else below


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """The modules that a file imports, with their lines; those for type checking alone count as well."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides which layer it reaches"
            module = node.module or ""
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)


def virtloom_imports(path: Path) -> Iterator[tuple[int, str]]:
    """The packages of virtloom's core that a file imports."""
    for line, module in imports(path):
        parts = module.split(".")
        if parts[0] == "virtloom" and len(parts) > 1 and parts[1] != "__version__":
            yield line, parts[1]


def core_files() -> list[Path]:
    return sorted(path for path in CORE.rglob("*.py") if path.parent != CORE or path.stem == "errors")


def plugin_files() -> list[Path]:
    return sorted(ROOT.glob("plugins/*/src/**/*.py"))


def test_there_is_something_to_check() -> None:
    assert len(core_files()) > 20
    assert len(plugin_files()) > 5


@pytest.mark.parametrize("path", core_files(), ids=lambda path: str(path.relative_to(CORE)))
def test_core_imports_go_down(path: Path) -> None:
    package = path.relative_to(CORE).parts[0].removesuffix(".py")
    permitted = allowed(package)
    wrong = [f"{path}:{line}: imports {name}" for line, name in virtloom_imports(path) if name not in permitted]
    assert wrong == []


@pytest.mark.parametrize("path", plugin_files(), ids=lambda path: str(path.relative_to(ROOT / "plugins")))
def test_a_plugin_imports_the_contract_alone(path: Path) -> None:
    own = path.relative_to(ROOT / "plugins").parts[2]
    permitted = TOOLS.get(own, FOR_PLUGINS)
    seen = virtloom_imports(path)
    wrong = [f"{path}:{line}: imports virtloom.{name}" for line, name in seen if name not in permitted]
    wrong += [
        f"{path}:{line}: imports another plugin, {module}"
        for line, module in imports(path)
        if module.startswith("virtloom_") and module.split(".")[0] != own
    ]
    assert wrong == []


def test_the_locks_need_the_standard_library_alone() -> None:
    for path in CORE.joinpath("locks").rglob("*.py"):
        assert {name for _, name in virtloom_imports(path)} <= {"locks"}, path


def test_what_is_without_io_imports_no_socket_and_no_thread() -> None:
    for package in ("xdr", "wire", "xmldef"):
        for path in CORE.joinpath(package).rglob("*.py"):
            modules = {module.split(".")[0] for _, module in imports(path)}
            assert not modules & {"socket", "selectors", "subprocess", "asyncio"}, path
