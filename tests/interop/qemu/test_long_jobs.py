"""How far a save is, and its abortion, while a compressor that does not read keeps it from ending."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from daemons import Virsh, eventually


class Saving:
    """A save on a thread of its own."""

    def __init__(self, virsh: Virsh, path: Path) -> None:
        self.path = path
        self._thread = threading.Thread(target=self._save, args=(virsh,))
        self._thread.start()

    def _save(self, virsh: Virsh) -> None:
        self.ended = virsh.run("save", "g", str(self.path))

    def wait(self) -> str:
        """How it ended."""
        self._thread.join(30)
        return self.ended.stdout + self.ended.stderr


def started(host: Any) -> Saving:
    saving = Saving(host.virsh, host.root / "saved")
    eventually(lambda: "Memory remaining:" in host.virsh("domjobinfo", "g"), "the save to begin")
    return saving


def test_a_save_is_seen_and_aborted_and_the_guest_goes_on(slow: Any) -> None:
    saving = started(slow)
    seen = slow.virsh("domjobinfo", "g")
    assert "Unbounded" in seen
    assert "Operation:        Save" in seen
    slow.virsh("domjobabort", "g")
    assert "job 'domain save' canceled by client" in saving.wait()
    assert slow.virsh("domstate", "g") == "running"
    assert not saving.path.exists()
    assert "None" in slow.virsh("domjobinfo", "g", "--completed")
    assert "no job is active on the domain" in slow.virsh.fails("domjobabort", "g")


def test_an_image_is_whole_when_its_save_has_ended_and_the_save_is_told_of_later(slow: Any) -> None:
    saving = started(slow)
    (slow.root / "go").touch()
    assert "saved to" in saving.wait()
    slow.virsh("restore", str(saving.path))
    assert "running" in slow.virsh("domstate", "g")


def test_a_save_that_ended_is_told_of_once(host: Any) -> None:
    host.virsh("define", host.write("g"))
    host.virsh("start", "g")
    assert "None" in host.virsh("domjobinfo", "g")
    host.virsh("save", "g", str(host.root / "saved"))
    for _ in range(2):
        assert "Completed" in host.virsh("domjobinfo", "g", "--completed", "--keep-completed")
    assert "Operation:        Save" in host.virsh("domjobinfo", "g", "--completed")
    assert "None" in host.virsh("domjobinfo", "g", "--completed")
    assert "domain is not running" in host.virsh.fails("domjobinfo", "g")
    assert "domain is not running" in host.virsh.fails("domjobabort", "g")
