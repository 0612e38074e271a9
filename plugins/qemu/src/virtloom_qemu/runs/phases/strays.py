"""What a start left that a crash of the daemon cut off: a run that nobody knows of, or an interface half plugged in.

A run's folder has a journal from its start until its status file says the same, and again while an interface is plugged
in; so what a journal still lists when a daemon begins is to be undone, unless the status file has it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from virtloom.driver.files.journal import Journal
from virtloom.errors import VirtError
from virtloom.locks import Guarded
from virtloom_qemu.monitor import Monitor
from virtloom_qemu.monitor.channel import connect
from virtloom_qemu.runs.given.groups import GuestGroups
from virtloom_qemu.runs.given.ownership import Ownership
from virtloom_qemu.runs.phases.beginning import Beginning
from virtloom_qemu.runs.state import QemuDomain

KNOWN = ("group", "owner")  # what a guest's status file, or its definition, tells of
CONNECT_WITHIN = 2.0  # seconds that a process nobody knows of has to take the connection that tells it to quit


class Strays(Beginning):
    """Clearing away after a crash."""

    def _clear_strays(self, known: Mapping[Path, Guarded[QemuDomain]]) -> None:
        """Undo what journals still list.

        :param known: the guests that were found again, by their runs' folders.
        """
        for path in sorted(self.host.dirs.state.glob("domain-*/journal")):
            found, journal = known.get(path.parent), Journal(path)
            if found is None:
                self._quit(path.parent / "monitor.sock", path.parent.name)
                undoing = {**self.interfaces.undoing(), **self.helpers.undoing(), "group": _remove_group}
                owners = Ownership(None, remember=self.settings.remember_owner)
                journal.undo_each({**undoing, "hostdev": self.host_devices.undo, "owner": owners.undo})
                shutil.rmtree(path.parent, ignore_errors=True)
                continue
            with found.locked() as state:
                live, helpers = state.definition.parts.interfaces, state.helpers
            undoing = {**self.interfaces.undoing(live), **self.helpers.undoing(helpers), **dict.fromkeys(KNOWN, _leave)}
            journal.undo_each({**undoing, "hostdev": self.host_devices.undo})
            journal.close()

    def _quit(self, path: Path, name: str) -> None:
        """Have a process end that no status file tells of, if one listens."""
        try:
            monitor = Monitor(connect(path, CONNECT_WITHIN, lambda: False), name, self.host.locks)
        except VirtError:
            return
        try:
            monitor.negotiate()
            monitor.execute("quit", {})
            self.host.log.warning("%s was being started when the daemon died, so it is ended", name)
        except VirtError as error:
            self.host.log.warning("%s was being started when the daemon died, but cannot be ended: %s", name, error)
        finally:
            monitor.close()


def _leave(entry: dict[str, Any]) -> None:
    """It belongs to a guest that was found again."""


def _remove_group(entry: dict[str, Any]) -> None:
    GuestGroups(entry["path"]).remove()
