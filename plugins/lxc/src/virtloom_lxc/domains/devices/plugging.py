"""How a device comes into a container that runs, and out of it: a node that is made and a rule that allows it."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk, Hostdev, Interface
from virtloom_lxc.container.config import owner
from virtloom_lxc.container.devices import Passed, passed_disk, passed_hostdev
from virtloom_lxc.container.images import RUN, given, images
from virtloom_lxc.container.limits import rule
from virtloom_lxc.container.run import Run, program
from virtloom_lxc.domains.devices.interfaces import Interfaces

TOOL_WITHIN = 20.0  # s, for one tool
NO_DEVICES = "devices cgroup isn't mounted"


class Plugging(Interfaces):
    """What is done to a container; the definitions are the caller's. The job is held, and no lock."""

    def _plug(self, run: Run, definition: Domain, device: Any) -> Any:
        """Give a device to a container.

        :return: the device as it is shown for as long as the container runs.
        :raises VirtError: what cannot be given; then nothing was changed.
        """
        if isinstance(device, Interface):
            return self._plug_interface(run, definition, device)
        passed, before = _passed(device), images(definition)
        self._images.hold(definition, RUN, [*before, *given(device)])
        try:
            self._add_node(run, passed, owner(definition))
        except BaseException:
            self._images.hold(definition, RUN, before, running=True)
            raise
        return device

    def _unplug(self, run: Run, definition: Domain, device: Any) -> None:
        """Take a device from a container.

        :raises VirtError: what cannot be taken.
        """
        if isinstance(device, Interface):
            self._unplug_interface(run, device)
            return
        self._remove_node(run, _passed(device))
        left = images(definition)
        for use in given(device):
            left.remove(use)
        self._images.hold(definition, RUN, left, running=True)

    def _add_node(self, run: Run, device: Passed, owner: int) -> None:
        """Let a container use a device, and make its node inside; neither if one fails."""
        found = os.stat(device.source)
        self._rule(run, "allow", rule(device.source, device.access))
        wanted = {"mode": stat.S_IFMT(found.st_mode) | 0o700, "device": found.st_rdev, "owner": owner}
        try:
            self._node(run, {"add": True, "path": device.target, **wanted})
        except VirtError:
            self._rule(run, "deny", rule(device.source, device.access))
            raise

    def _remove_node(self, run: Run, device: Passed) -> None:
        self._node(run, {"add": False, "path": device.target})
        self._rule(run, "deny", rule(device.source, "rwm"))

    def _rule(self, run: Run, what: str, text: str) -> None:
        """Change what a container may use, through liblxc, which knows both versions of control groups."""
        run.group.require("devices", NO_DEVICES)
        argv = ["lxc-cgroup", "-P", str(run.places.lxcpath), "-n", run.places.name, f"devices.{what}", text]
        self.host.run(argv, deadline=TOOL_WITHIN)

    def _node(self, run: Run, wanted: dict[str, Any]) -> None:
        argv = [sys.executable, "-I", "-S", program("root/nodes"), str(run.report.init), json.dumps(wanted)]
        done = self.host.run(argv, deadline=TOOL_WITHIN, check=False)
        if done.status:
            reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            detail = f"Unable to {'create' if wanted['add'] else 'remove'} device {wanted['path']}: {reason}"
            raise VirtError(ErrorCode.OPERATION_FAILED, detail)


def require_pluggable(device: Any) -> None:
    """Refuse what a container keeps for as long as it runs: an interface of the host's that it was given.

    :raises VirtError: CONFIG_UNSUPPORTED.
    """
    if isinstance(device, Hostdev) and (device.mode, device.type) == ("capabilities", "net"):
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "Unsupported host device type net")


def _passed(device: Disk | Hostdev) -> Passed:
    require_pluggable(device)
    found = passed_disk(device) if isinstance(device, Disk) else passed_hostdev(device)
    assert found is not None
    return found
