"""How a running guest comes to have a device, and what a document says of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from virtloom.driver.files.journal import Journal
from virtloom.driver.kinds import DriverKind
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Disk
from virtloom_qemu.command import Context, build, prepare
from virtloom_qemu.command.block.reservations import MANAGED, is_managed
from virtloom_qemu.command.boot import boot_indexes
from virtloom_qemu.command.guest.memory import module_size
from virtloom_qemu.definition.guest import Guest
from virtloom_qemu.hotplug.finding import as_node
from virtloom_qemu.hotplug.given import passed
from virtloom_qemu.hotplug.lines import Step, difference, make
from virtloom_qemu.runs.given.interfaces import Connection
from virtloom_qemu.runs.given.logfile import GuestLog
from virtloom_qemu.runs.given.secrets import revealed
from virtloom_qemu.runs.phases.beginning import Attempt, Start
from virtloom_qemu.runs.phases.reconnecting import Reconnecting
from virtloom_qemu.runs.state import Run
from virtloom_qemu.runs.talk import Talk

# Kinds whose documents leave out what tells one device from another, and where a definition has them.
FILLED = {"input": "inputs", "rng": "rngs", "shmem": "shmems", "sound": "sounds", "memory": "memories",
          "watchdog": "watchdogs", "serial": "serials", "channel": "channels"}  # fmt: skip


def is_unnumbered(disk: Disk) -> bool:
    """Whether a disk has an image that no run has used yet."""
    return disk.source is not None and disk.source.get("index") is None


class PluggingBase(Reconnecting):
    """What the calls for devices stand on."""

    def _steps(
        self,
        talk: Talk,
        fewer: Domain,
        more: Domain,
        descriptors: Mapping[str, tuple[str, ...]] | None = None,
        secrets: Mapping[str, bytes] | None = None,
    ) -> list[Step]:
        """What QEMU has to be told for a guest to be as one definition says and no more as another.

        :param fewer: more: prepared; the second has all that the first has.
        :param descriptors: secrets: see `Context`.
        """
        context = self._run_context(talk.run, fewer)
        turns = boot_indexes(Guest(fewer, context.emulator))  # what comes later does not change what is booted from
        wanted = build(more, replace(context, descriptors=descriptors or {}, secrets=secrets or {}), turns)
        return difference(build(fewer, context, turns), wanted)

    def _run_context(self, run: Run, definition: Domain) -> Context:
        """What the command line of a run depends on besides its definition."""
        return self._context(definition, Attempt(run.id, run.paths, GuestLog(run.paths.log), Start()))

    def _for_run(self, talk: Talk, wanted: Domain) -> Domain:
        """What a guest is to be, with all that its run needs to say: aliases, numbers of images, paths."""
        context = self._run_context(talk.run, wanted)
        with talk.state() as state:
            first = state.number_image() if any(map(is_unnumbered, wanted.parts.disks)) else 1
        return prepare(wanted, replace(context, first_image=first))

    def _plug(
        self,
        talk: Talk,
        live: Domain,
        wanted: Domain,
        connection: Connection | None = None,
        opened: Mapping[str, int] | None = None,
    ) -> Domain:
        """Have a guest get the devices that it is to have and does not have.

        :param wanted: completed; :return: the same, prepared.
        :param connection: of an interface that comes; :param opened: descriptors for others, by their aliases.
        :raises VirtError: what cannot be; nothing is changed then.
        """
        wanted = self._for_run(talk, wanted)
        secrets = revealed(wanted, self.host.driver(DriverKind.SECRET), besides=live)
        with (
            self._ownership(live, talk.run.groups).granted_too(live, wanted),
            self._served(talk, live, wanted),
            passed(talk.monitor, live, wanted, connection, opened) as descriptors,
            self._coming(talk, wanted),
        ):
            make(talk.monitor, self._steps(talk, live, wanted, descriptors, secrets))
        return wanted

    @contextmanager
    def _coming(self, talk: Talk, wanted: Domain) -> Iterator[None]:
        """A guest gets a device in the block; a daemon that finds it in the middle sees whether it is there."""
        with talk.state() as state:
            state.coming = wanted
            state.status_version += 1
        self._keep_status(talk.found)
        try:
            yield
        finally:
            with talk.found.locked() as state:
                state.coming = None
                state.status_version += 1

    @contextmanager
    def _served(self, talk: Talk, live: Domain, wanted: Domain) -> Iterator[None]:
        """Have the devices served that a guest is to have and does not have; if the block raises, they are not."""
        new = self._to_serve(talk, live, wanted)
        if not new.parts.filesystems and not any(is_managed(disk.node("disk")) for disk in new.parts.disks):
            yield
            return
        run, journal = talk.run, Journal(talk.run.paths.journal)
        setting = self._setting(wanted, Attempt(run.id, run.paths, GuestLog(run.paths.log), Start()))
        journal.begin()
        try:
            with self.helpers.begun(new, setting, journal) as helpers:
                if run.groups is not None:
                    for helper in helpers.values():
                        run.groups.join(helper.pid)
                yield
                with talk.state() as state:
                    state.helpers = {**state.helpers, **helpers}
                    state.status_version += 1
                self._keep_status(talk.found)
        finally:
            journal.close()

    @staticmethod
    def _to_serve(talk: Talk, live: Domain, wanted: Domain) -> Domain:
        """A definition with those devices alone that a guest does not have yet and that may need a helper."""
        parts = wanted.parts
        with talk.state() as state:
            reserves = MANAGED in state.helpers
        disks = () if reserves else tuple(disk for disk in parts.disks if disk not in live.parts.disks)
        folders = tuple(one for one in parts.filesystems if one not in live.parts.filesystems)
        return wanted.with_devices(filesystems=folders, disks=disks, tpms=())

    def _described(self, xml: str, definition: Domain) -> Node:
        """The device that a document means, with what it does not say filled in, but for its place.

        :param definition: that it may be in.
        :raises VirtError: for what is no device.
        """
        tag, given = self.rules.read_device(xml)
        node = as_node(given, tag)
        if tag not in FILLED:
            return node
        made = as_node(self._filled(given, FILLED[tag], definition), tag).copy()
        if node.find("address") is None:
            made.drop("address")
        if (source := node.find("source")) is not None and made.find("source") is None:
            made.children.insert(0, source)  # a socket that the daemon made up is that of the guest that runs
        if node.value("target", "port") is None and made.find("target") is not None:
            made.need("target").attrs.pop("port", None)
        return made

    def _filled(self, given: Any, field: str, definition: Domain) -> Any:
        """A device with everything filled in, as if it were the first of its kind in a definition.

        :param field: where definitions have such devices.
        """
        return getattr(self.rules.complete(definition.with_devices(**{field: (given,)})).parts, field)[0]

    @staticmethod
    def _with_memory(definition: Domain, tag: str, device: Any, sign: int) -> Domain:
        """A definition with as much memory more, or less, as a module has."""
        if tag != "memory":
            return definition
        size, current = sign * module_size(device), definition.current_memory
        if current is not None:
            definition = definition.replace(current_memory=current + size)
        return definition.replace(memory=definition.memory + size)
