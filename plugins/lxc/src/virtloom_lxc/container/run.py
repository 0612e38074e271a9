"""One run of a container: everything made, started, waited for; and everything undone again.

Guarantees: `start` either returns a container whose init runs, or raises and leaves nothing on the host. Each thing is
in the journal before it is made, so `clean` can do the same after a crash.
Assumes: the domain's job is held and no lock.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from virtloom.driver.cgroups import Group, Hierarchy, files, host_hierarchy, partition
from virtloom.driver.links.networks import Networks
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container import controller
from virtloom_lxc.container.config import PARTITION, Prepared, configuration, labels, owner
from virtloom_lxc.container.controller.main import KILLED
from virtloom_lxc.container.journal import Journal
from virtloom_lxc.container.monitor import Monitor, Report, listen
from virtloom_lxc.container.places import Places
from virtloom_lxc.container.root import loops, lxcfs
from virtloom_lxc.container.root.filesystems import filesystems, root_of
from virtloom_lxc.container.root.init import check_init, init_command, variables
from virtloom_lxc.container.root.rootfs import StartFailed
from virtloom_lxc.links.inside import Inside
from virtloom_lxc.links.making import make, names, passed

START_WITHIN = 30.0  # s, for init to run
END_WITHIN = 15.0  # s, for what is left of a container to go
FOUND_WITHIN = 30.0  # s, for a controller to tell a restarted daemon how things stand


class Run(NamedTuple):
    """A container that runs.

    :ivar group: its control group; :ivar monitor: its controller's socket; :ivar log: liblxc's log.
    """

    places: Places
    group: Group
    monitor: Monitor

    @property
    def report(self) -> Report:
        """How it stands."""
        return self.monitor.latest


class Started(NamedTuple):
    """What a start made: the run, and the definition for as long as it lasts."""

    run: Run
    definition: Domain


class Around(NamedTuple):
    """What a container finds on its host.

    :ivar networks: the virtual networks.
    :ivar shared: the namespaces that it shares, as descriptors, by liblxc's names.
    :ivar lxcfs: where lxcfs would serve; :ivar watch: reads a controller's socket from then on.
    """

    networks: Networks
    shared: Mapping[str, int]
    lxcfs: str
    watch: Callable[[Monitor], None]


def group_of(domain: Domain, hierarchy: Hierarchy) -> Group:
    """A container's control group: below its partition, named so that no two daemons use one."""
    assert domain.uuid is not None
    place = partition.place_of(partition.partition_of(domain.resource))
    return Group(hierarchy, f"{place}/lxc-{domain.name}-{domain.uuid.hex()[:8]}")


def check_partition(domain: Domain, hierarchy: Hierarchy) -> None:
    """Refuse a partition that is not there; the one for all guests is made when it is needed.

    :raises StartFailed: in libvirt's words.
    """
    named = partition.partition_of(domain.resource)
    if not named.startswith("/"):
        raise StartFailed(f"unsupported configuration: Resource partition '{named}' must start with '/'")
    where = partition.missing(named, hierarchy)
    if where is not None:
        raise StartFailed(f"Failed to create {where} for group: {os.strerror(2)}")


def controller_group(group: Group) -> Group:
    """Where the controller and lxc-start stand, so that they outlive the daemon's service."""
    return Group(host_hierarchy(), f"{group.path}.controller")


def start(domain: Domain, places: Places, around: Around) -> Started:
    """Start a container and wait for its init.

    :raises VirtError: INTERNAL_ERROR with liblxc's reason, OPERATION_TIMEOUT, and others for what cannot be made.
    """
    hierarchy = host_hierarchy()
    group = group_of(domain, hierarchy)
    refuse_taken(domain, places, group)
    with _telling(domain), ExitStack() as undo:
        undo.callback(clean, places, group, around.networks)
        prepared, live = _prepare(domain, places, group, around)
        places.config.write_text(configuration(live, prepared))
        monitor = _launch(live, places, group, around.shared.values(), own_memory=prepared.lxcfs is None)
        around.watch(monitor)
        monitor.wait(lambda report: report.boots > 0 or report.ended is not None, START_WITHIN)
        _check(monitor.latest, domain)
        undo.pop_all()
    return Started(Run(places, group, monitor), with_consoles(live, monitor.latest.consoles))


@contextmanager
def _telling(domain: Domain) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise system_error(error, f"cannot make what container '{domain.name}' needs", ErrorDomain.LXC) from error


def refuse_taken(domain: Domain, places: Places, group: Group) -> None:
    """Refuse a name under which liblxc runs a container that is not ours.

    :raises VirtError: OPERATION_FAILED.
    """
    command = f"@{places.folder}/command"
    taken = any(line.split()[-1] == command for line in Path("/proc/net/unix").read_text().splitlines())
    if taken or group.processes():
        detail = f"liblxc runs a container '{domain.name}' already that was not started here"
        hint = f"lxc-stop -P {places.lxcpath} -n {domain.name} ends it"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.LXC, hint=hint)


def _prepare(domain: Domain, places: Places, group: Group, around: Around) -> tuple[Prepared, Domain]:
    """Make what a container needs on the host."""
    clean(places, group, around.networks)  # what a crash may have left
    places.root.mkdir(parents=True)
    os.mkfifo(places.fifo, 0o600)
    places.log.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(places.folder / "journal")
    every = filesystems(domain)
    devices = {}
    for image in (one for one in every if one.kind == "file"):
        journal.loop(image.source)
        devices[image.source] = loops.attach(image.source, readonly=image.readonly)
    on_devices = [devices.get(one.source, one.source) for one in every if one.kind in ("file", "block")]
    kinds = {device: loops.kind_on(device) for device in on_devices}
    folder = _mounted_root(domain, places, devices, kinds, journal)
    live, links = _links(domain, journal, around.networks)
    if domain.resource is None:
        resource = Node("resource")
        resource.add("partition", text=partition.DEFAULT)
        live = live.replace(resource=resource)
    hierarchy = host_hierarchy()
    Group(hierarchy, PARTITION).make("blkio")
    view = around.lxcfs if lxcfs.mounted(around.lxcfs) else None
    places.meminfo.touch()
    monitor = f"{group.path}.monitor"
    return Prepared(places, hierarchy, group.path, monitor, devices, kinds, links, around.shared, view, folder), live


def _mounted_root(
    domain: Domain, places: Places, devices: Mapping[str, str], kinds: Mapping[str, str], journal: Journal
) -> Path | None:
    """Mount a root that is on a device or in an image, so that it can be looked into; None if it is a folder.

    :raises StartFailed: if it has no init.
    """
    root = root_of(domain)
    if root is None or root.kind not in ("file", "block"):
        return None
    device = devices.get(root.source, root.source)
    places.image.mkdir()
    journal.mount(str(places.image))
    loops.mount(device, kinds[device], str(places.image), readonly=root.readonly)
    check_init(domain, places.image)
    return places.image


def _links(domain: Domain, journal: Journal, networks: Networks) -> tuple[Domain, list[Inside] | None]:
    """The interfaces; None for the links if the container shares the host's network."""
    shown, inside = [], list(passed(domain))
    for one, name in zip(domain.parts.interfaces, names(domain.parts.interfaces), strict=True):
        made = make(one, name, domain, networks, journal)
        shown.append(made.interface)
        inside.append(made.inside)
    private = domain.features is not None and domain.features.find("privnet") is not None
    live = domain.with_devices(interfaces=tuple(shown))
    return live, inside if inside or private else None


def _launch(domain: Domain, places: Places, group: Group, inherited: Iterable[int], *, own_memory: bool) -> Monitor:
    """Start the controller, which starts the container.

    :param inherited: descriptors that both get.
    :param own_memory: whether it is to tell the container of its memory.
    """
    tool = shutil.which("lxc-start", path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin")
    if tool is None:
        raise VirtError(ErrorCode.OPERATION_FAILED, "lxc-start is not installed", hint="on Debian: apt-get install lxc")
    command = [tool, "-F", "-P", str(places.lxcpath), "-n", places.name, "-l", "INFO", "-o", str(places.log)]
    memory = group.file(files.MEMORY).parent if group.version("memory") else None
    with listen(places.socket) as server:
        spec = {
            "command": command,
            "init": init_command(domain),
            "environment": None if any(labels(domain)) else variables(domain),
            "program": tool,
            "consoles": len(domain.parts.consoles),
            "owner": owner(domain),
            "memory": (str(memory), group.version("memory")) if memory is not None else None,
            "meminfo": str(places.meminfo) if own_memory and memory is not None else None,
            "log": str(places.log),
            "log_from": places.log.stat().st_size if places.log.exists() else 0,
            "fifo": str(places.fifo),
            "ended": str(places.ended),
            "listen": server.fileno(),
        }
        process = _spawn(controller.command(json.dumps(spec)), (server.fileno(), *inherited), group)
        return Monitor(places.socket, places.ended, process)


def program(name: str) -> str:
    """The path of one of this package's programs, such as `root/nodes`."""
    return str(Path(__file__).parent / f"{name}.py")


def _spawn(argv: Sequence[str], descriptors: Sequence[int], group: Group) -> subprocess.Popen[bytes]:
    """Run the controller in a session and control group of its own.

    It does nothing before it is told to, by which time it is in its group: a daemon after this one finds it there.
    """
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=nothing,
        stderr=nothing,
        pass_fds=descriptors,
        start_new_session=True,
        cwd="/",
    )
    controller_group(group).adopt(process.pid)
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as go:  # if it ended already, its monitor tells
        go.write(b"\n")
    return process


def _check(report: Report, domain: Domain) -> None:
    """Refuse a start that came to nothing."""
    if report.boots:
        return
    if report.ended is not None:
        reason = _plainly(report.ended.error or "it ended at once")
        if reason.startswith((KILLED, "Sync wait failure", "Sync wake failure")):  # before it could say why
            reason += f"; is its memory of {domain.current_memory or domain.memory} KiB enough?"
        raise StartFailed(reason)
    detail = f"container '{domain.name}' did not start within {START_WITHIN:g} s"
    raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail, ErrorDomain.LXC)


def _plainly(error: str) -> str:
    """liblxc's reason, the system's words last as libvirt has them."""
    words, dash, rest = error.partition(" - ")
    return f"{rest}: {words}" if dash else error


def with_consoles(domain: Domain, paths: Sequence[str]) -> Domain:
    """A definition with the terminals of its consoles."""
    consoles = tuple(
        one.replace(
            tty=None if number else path,  # as libvirt's old clients know the first
            source=(Node("source", {"path": path}),),
            alias=Node("alias", {"name": f"console{number}"}),
        )
        for number, (one, path) in enumerate(zip(domain.parts.consoles, paths, strict=True))
    )
    return domain.with_devices(consoles=consoles)


def clean(places: Places, group: Group, networks: Networks) -> None:
    """End what is left of a run and remove all that it made; idempotent."""
    for one in (group, controller_group(group), Group(host_hierarchy(), f"{group.path}.monitor")):
        if one.exists():
            one.kill(END_WITHIN)
            one.remove(END_WITHIN)
    Journal(places.folder / "journal").undo(networks.release)
    places.remove()


def clean_unfinished(places: Places, hierarchy: Hierarchy, networks: Networks) -> None:
    """Undo a start of which only its folder is left: its configuration, if it got so far, names its group."""
    line = next((line for line in _lines(places.config) if line.startswith("lxc.cgroup.dir.container")), "")
    path = line.partition("=")[2].strip()
    if path:
        clean(places, Group(hierarchy, path), networks)
        return
    Journal(places.folder / "journal").undo(networks.release)
    places.remove()


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
