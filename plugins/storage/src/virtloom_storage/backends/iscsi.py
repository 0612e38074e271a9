"""Pools that are iSCSI targets which the kernel is logged in to, by iscsiadm(8) (libvirt's storage_backend_iscsi.c and
viriscsi.c)."""

from __future__ import annotations

import re
from pathlib import Path
from zlib import crc32

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.storage.source import Device
from virtloom.xmldef.storage.source import Source as PoolSource
from virtloom_storage.backends.base import Scan
from virtloom_storage.backends.block import BlockVolumes, settle, summed
from virtloom_storage.backends.scsi_units import find_units
from virtloom_storage.context import Context
from virtloom_storage.images.volume import internal
from virtloom_storage.programs import BUILT_IN

PORT = 3260
USAGE_ISCSI = 3  # VIR_SECRET_USAGE_TYPE_ISCSI
SESSIONS = Path("/sys/class/iscsi_session")


def one_host(source: PoolSource) -> tuple[str, int]:
    """The server of a source, and its port.

    :raises VirtError: CONFIG_UNSUPPORTED for several.
    """
    if len(source.hosts) != 1:
        raise unsupported("Expected exactly 1 host for the storage pool")
    host = source.hosts[0]
    return (f"[{host.name}]" if ":" in host.name else host.name), host.port or PORT


def _portal(source: PoolSource) -> str:
    name, port = one_host(source)
    return f"{name}:{port},1"


def target_of(pool: Pool) -> str:
    """The name of a pool's target."""
    if len(pool.source.devices) != 1:
        raise internal("missing source device")
    return pool.source.devices[0].path


class Iscsi(BlockVolumes):
    """A target that the kernel's initiator is logged in to."""

    type = "iscsi"

    def is_active(self, context: Context, pool: Pool) -> bool:
        """See `Backend.is_active`."""
        one_host(pool.source)
        return _session(context, target_of(pool)) is not None

    def start(self, context: Context, pool: Pool) -> None:
        """See `Backend.start`."""
        target, portal = target_of(pool), _portal(pool.source)
        if _session(context, target) is not None:
            return
        _node_new(context, portal, target)
        _authenticate(context, pool, portal, target)
        _connection(context, pool, portal, target, "--login")

    def stop(self, context: Context, pool: Pool) -> None:
        """See `Backend.stop`."""
        target = target_of(pool)
        if _session(context, target) is not None:
            _connection(context, pool, _portal(pool.source), target, "--logout")

    def refresh(self, context: Context, pool: Pool) -> Scan:
        """See `Backend.refresh`."""
        session = _session(context, target_of(pool))
        if session is None:
            raise internal("cannot find iscsiadm session: ")
        context.programs.run(["iscsiadm", "--mode", "session", "-r", session, "-R"])
        settle(context)
        volumes = find_units(context, pool, _host_number(session))
        return Scan(summed(pool, volumes), {volume.name: volume for volume in volumes})

    def find_sources(self, context: Context, specification: PoolSource | None) -> list[PoolSource]:
        """See `Backend.find_sources`."""
        source = required(specification, "iscsi")
        argv = ["iscsiadm", "--mode", "discovery", "--type", "sendtargets", "--portal", _portal(source)]
        printed = context.programs.run([*argv, "--op", "nonpersistent"], deadline=60)
        return with_targets(source, re.findall(r"(?m)^\s*\S+\s+(\S+)\s*$", printed.decode(errors="replace")))


def required(specification: PoolSource | None, type_: str) -> PoolSource:
    """What a client says of where to look for targets, which must name one server."""
    if specification is None:
        detail = f"hostname must be specified for {type_} sources"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)
    if len(specification.hosts) != 1:
        raise unsupported("Expected exactly 1 host for the storage pool")
    return specification


def with_targets(source: PoolSource, targets: list[str]) -> list[PoolSource]:
    """A source of a pool for each target that a server told of."""
    host = source.hosts[0]
    hosts = (host if host.port else host.replace(port=PORT),)
    return [PoolSource(hosts=hosts, devices=(Device(path=target),), initiator=source.initiator) for target in targets]


def _session(context: Context, target: str) -> str | None:
    """The number of the session with a target; None if there is none."""
    printed = context.programs.attempt(["iscsiadm", "--mode", "session"], deadline=30).stdout.decode(errors="replace")
    for line in printed.splitlines():
        if (found := re.match(r"tcp:\s+\[(\S+)\]\s+\S+\s+(\S+)", line)) and found[2] == target:
            return found[1]
    return None


def _node_new(context: Context, portal: str, target: str) -> None:
    argv = ["iscsiadm", "--mode", "node", "--portal", portal, "--targetname", target, "--op", "new"]
    status = context.programs.attempt(argv, deadline=30).status
    if status != 0:
        raise internal(f"{BUILT_IN['iscsiadm']} failed new mode for target '{target}' with status '{status}'")


def _authenticate(context: Context, pool: Pool, portal: str, target: str) -> None:
    auth = pool.source.auth
    if auth is None or auth.secret is None:
        return
    if auth.type != "chap":
        raise bad("iscsi pool only supports 'chap' auth type")
    value = context.secrets.value(auth.secret, USAGE_ISCSI).decode(errors="surrogateescape")
    settings = {"authmethod": "CHAP", "username": auth.username or "", "password": value}
    for name, text in settings.items():
        argv = ["iscsiadm", "--mode", "node", "--portal", portal, "--target", target, "--op", "update"]
        context.programs.attempt([*argv, "--name", f"node.session.auth.{name}", "--value", text], deadline=30)


def _connection(context: Context, pool: Pool, portal: str, target: str, action: str) -> None:
    argv = ["iscsiadm", "--mode", "node", "--portal", portal, "--targetname", target, action]
    if pool.source.initiator is not None:
        argv += ["--interface", _interface(context, pool.source.initiator)]
    context.programs.run(argv, deadline=120, stall=None)


def _interface(context: Context, initiator: str) -> str:
    """The interface that speaks as an initiator, made if there is none (iscsiadm's iface mode)."""
    printed = context.programs.run(["iscsiadm", "--mode", "iface"], deadline=30).decode(errors="replace")
    for line in printed.splitlines():
        name, _, fields = line.partition(" ")
        if fields.split(",")[-1:] == [initiator]:
            return name
    name = f"libvirt-iface-{crc32(initiator.encode()):08x}"
    context.programs.run(["iscsiadm", "--mode", "iface", "--interface", name, "--op", "new"], deadline=30)
    argv = ["iscsiadm", "--mode", "iface", "--interface", name, "--op", "update", "--name", "iface.initiatorname"]
    context.programs.run([*argv, "--value", initiator], deadline=30)
    return name


def _host_number(session: str) -> int:
    """The SCSI host that the kernel made for a session."""
    folder = SESSIONS / f"session{session}" / "device"
    for entry in folder.iterdir() if folder.is_dir() else ():
        if found := re.match(r"target(\d+):", entry.name):
            return int(found[1])
    raise internal(f"Failed to get host number for iSCSI session with path '{folder}'")
