"""`virtloom-lxc` comes and goes with pip: what a client of `lxc:///system` is told before, with and after it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

from containers import busybox_root, container_xml
from daemons import Daemon, Virsh

REPOSITORY = Path(__file__).parents[3]
OURS = ("virtloom", "__editable__", "pip", "__pycache__")


class Environment:
    """A virtual environment that has all that virtloom depends on, and of virtloom what is installed into it.

    Its packages are those of the environment of the tests, so that nothing is asked of a network.
    """

    def __init__(self, folder: Path) -> None:
        self.programs, self._sources = folder / "bin", folder / "sources"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
        site = next(folder.glob("lib/python*/site-packages"))
        for one in Path(sysconfig.get_path("purelib")).iterdir():
            if not one.name.startswith(OURS):
                (site / one.name).symlink_to(one)

    def pip(self, *words: str) -> None:
        """Run pip on this environment."""
        command = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(self.programs / "python"),
            "--disable-pip-version-check",
        ]
        subprocess.run([*command, *words], check=True, capture_output=True, timeout=300)

    def install(self, place: str) -> None:
        """Install a distribution of this repository, as it stands, from a copy."""
        copy = self._sources / place
        shutil.copytree(REPOSITORY / place, copy, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build"))
        self.pip("install", "--no-index", "--no-deps", "--no-build-isolation", str(copy))


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    pytest.importorskip("setuptools", reason="distributions are built with it, and nothing is downloaded")
    made = Environment(tmp_path / "venv")
    made.install("core")
    return made


@pytest.fixture
def fresh(environment: Environment, scratch: Path) -> Iterator[Daemon]:
    """A daemon of the environment."""
    running = Daemon(scratch, programs=environment.programs)
    yield running
    running.stop()


def test_the_answer_names_the_package_until_it_is_installed_and_after_it_is_removed(
    environment: Environment, fresh: Daemon, scratch: Path
) -> None:
    lxc = Virsh(fresh.uri("lxc", "/system"))
    missing = "no connection driver available for lxc:///system: its driver is not installed; pip install virtloom-lxc"
    assert missing in lxc.fails("list")

    environment.install("plugins/lxc")
    reload = [str(environment.programs / "virtloom"), "--root", str(scratch), "drivers", "--reload"]
    subprocess.run(reload, check=True, capture_output=True, timeout=60)
    path = scratch / "guest.xml"
    path.write_text(container_xml("vtinstalled", busybox_root(scratch / "root")))
    lxc("create", str(path))
    assert lxc("domstate", "vtinstalled") == "running"

    environment.pip("uninstall", "--yes", "virtloom-lxc")
    assert lxc("domstate", "vtinstalled") == "running", "what runs does so until the daemon is started anew"
    lxc("destroy", "vtinstalled")
    fresh.stop()
    again = Daemon(scratch, programs=environment.programs)
    try:
        assert missing in Virsh(again.uri("lxc", "/system")).fails("list")
    finally:
        again.stop()
