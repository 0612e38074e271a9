"""libvirt-python's own tests that use the test driver pass over the socket, as its source archive has them."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from daemons import Daemon

SOURCES = Path(sys.prefix) / "share" / "sources"  # where scripts/test-deps.sh puts the archive
PATIENCE = 180.0  # seconds
MODULES = (
    "aio",
    "conn",
    "domain",
    "domain_checkpoint",
    "domain_snapshot",
    "interface",
    "network",
    "nodedev",
    "storage",
)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its tests."""
    pytest.importorskip("libvirt")
    archive = next(SOURCES.glob("libvirt*python-*.tar.gz"), None)
    if archive is None:
        reason = f"the source archive of libvirt-python is not in {SOURCES} (scripts/test-deps.sh fetches it)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("binding")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return next(folder.glob("*/tests"))


# Each of those about the event loop registers one, which a process can have once.
TESTS = [f"test_{module}.py" for module in MODULES if module != "aio"]
LOOPS = [f"test_aio.py::TestLibvirtAio::testEvents{case}"
         for case in ("WithManualLoopSetup", "WithAsyncioRun", "PreInitExplicit")]  # fmt: skip


@pytest.mark.parametrize("tests", [TESTS, *([one] for one in LOOPS)], ids=lambda tests: tests[-1].rpartition(":")[2])
def test_its_own_tests_pass(daemon: Daemon, sources: Path, tests: list[str]) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "binding_over_a_socket", *tests]
    path = os.pathsep.join([str(Path(__file__).parent), str(sources)])
    environment = {**os.environ, "VIRTLOOM_TESTED_URI": daemon.uri(), "PYTHONPATH": path}
    ran = subprocess.run(command, cwd=sources, env=environment, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "passed" in ran.stdout
    assert "skipped" not in ran.stdout
