"""A driver that lies outside the repository: the one that docs/writing-a-driver.md tells how to write.

Its files are taken from the guide, so the guide is what is tested. It is installed with pip into a folder of its own,
which the daemon finds on its path, so that tests may run beside each other.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemons import BIN, Daemon, Virsh

GUIDE = Path(__file__).parent.parent.parent / "docs" / "writing-a-driver.md"


def code_blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the guide's driver installed in it."""
    source, target = tmp_path_factory.mktemp("parrot"), tmp_path_factory.mktemp("site")
    source.joinpath("pyproject.toml").write_text(code_blocks("toml")[0])
    source.joinpath("virtloom_parrot.py").write_text(code_blocks("python")[0])
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, *offline, "--target", str(target), str(source)], check=True, timeout=120)
    return target


@pytest.fixture
def parrot_daemon(scratch: Path, installed: Path) -> Iterator[Daemon]:
    running = Daemon(scratch, env={"PYTHONPATH": str(installed)})
    yield running
    running.stop()


def test_it_is_discovered_and_serves_virsh(parrot_daemon: Daemon) -> None:
    virsh = Virsh(parrot_daemon.uri("parrot", "/system"))
    assert virsh("list", "--all", "--name").split() == ["kiki", "polly"]
    virsh("suspend", "polly")
    assert "failed to get domain 'dodo'" in virsh.fails("suspend", "dodo")


def test_what_it_lacks_is_answered_by_name(parrot_daemon: Daemon) -> None:
    virsh = Virsh(parrot_daemon.uri("parrot", "/system"))
    said = virsh.fails("resume", "polly")
    assert "this function is not supported by the connection driver: virDomainResume" in said


def test_the_guides_own_test_of_it_passes(installed: Path, tmp_path: Path) -> None:
    tmp_path.joinpath("test_parrot.py").write_text(code_blocks("python")[1])
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_parrot.py"]
    env = {**os.environ, "PYTHONPATH": str(installed)}
    finished = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert "1 passed" in finished.stdout, finished.stdout


def test_it_is_listed_with_what_it_supports(parrot_daemon: Daemon) -> None:
    command = [str(BIN / "virtloom"), "--root", str(parrot_daemon.root), "drivers", "--json"]
    listed = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    assert "parrot" in json.dumps(listed)
    assert "domain_suspend" in json.dumps(listed)


def test_one_that_was_installed_since_the_start_is_added_while_the_others_serve(
    scratch: Path, installed: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    running = Daemon(scratch, env={"PYTHONPATH": str(site)})
    try:
        others = Virsh(running.uri())
        assert "no connection driver available" in Virsh(running.uri("parrot", "/system")).fails("list")
        shutil.copytree(installed, site, dirs_exist_ok=True)
        command = [str(BIN / "virtloom"), "--root", str(running.root), "drivers", "--reload"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30).stdout
        assert "parrot" in listed
        assert Virsh(running.uri("parrot", "/system"))("list", "--all", "--name").split() == ["kiki", "polly"]
        assert others("list", "--name").split() == ["test"]
    finally:
        running.stop()


def test_a_plugin_that_cannot_be_imported_hides_no_other(scratch: Path, installed: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    broken.joinpath("virtloom_broken.py").write_text("import a_module_that_is_not_there\n")
    meta = broken / "virtloom_broken-1.0.dist-info"
    meta.mkdir()
    meta.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: virtloom-broken\nVersion: 1.0\n")
    meta.joinpath("entry_points.txt").write_text("[virtloom.drivers]\nbroken = virtloom_broken\n")
    running = Daemon(scratch, env={"PYTHONPATH": f"{installed}:{broken}"})
    try:
        assert Virsh(running.uri("parrot", "/system"))("list", "--all", "--name").split() == ["kiki", "polly"]
    finally:
        log = running.stop()
    assert "driver broken is not available" in log
    assert "a_module_that_is_not_there" in log
