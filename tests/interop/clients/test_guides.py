"""The guides to clients (docs/clients) do what they say: every shell command in them is run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from daemons import BIN, needs

GUIDES = Path(__file__).parents[3] / "docs" / "clients"
PATIENCE = 180.0  # seconds; some of these programs read databases or compile first
# What each guide needs: programs, with the Debian packages that have them.
NEEDED = {
    "ansible": {"ansible-playbook": "ansible"},
    "go-libvirt": {"go": "golang-go"},
    "libvirt-dbus": {"libvirt-dbus": "libvirt-dbus", "dbus-run-session": "dbus-daemon", "dbus-send": "dbus-bin"},
    "libvirt-python": {},
    "prometheus": {"prometheus-libvirt-exporter": "prometheus-libvirt-exporter", "curl": "curl"},
    "virsh": {},
    "virt-install": {"virt-install": "virtinst"},
}
# libvirt's client has a session of its own for ordinary users alone; root is made one where that matters.
AS_USER = {"libvirt-dbus": ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []}


def scripts() -> list[object]:
    found = []
    for guide in sorted(GUIDES.glob("*.md")):
        blocks = re.findall(r"```sh\n(.*?)```", guide.read_text(), re.DOTALL)
        found += [pytest.param(guide.stem, block, id=f"{guide.stem}-{n}") for n, block in enumerate(blocks)]
    return found


def test_every_guide_says_what_it_needs() -> None:
    assert {guide.stem for guide in GUIDES.glob("*.md")} == set(NEEDED)


@pytest.mark.parametrize(("guide", "script"), scripts())
def test_a_command_of_a_guide_succeeds(guide: str, script: str, scratch: Path) -> None:
    for program, package in {"virsh": "libvirt-clients", **NEEDED[guide]}.items():
        needs(program, package)
    if guide == "libvirt-python":
        pytest.importorskip("libvirt")
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
    if guide == "go-libvirt":
        environment["GOCACHE"] = str(Path("~/.cache/go-build").expanduser())  # the standard library, compiled once
    finished = subprocess.run(
        [*AS_USER.get(guide, ()), "sh", "-ec", script],
        cwd=scratch, env=environment, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout + finished.stderr
