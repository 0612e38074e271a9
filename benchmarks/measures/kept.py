"""A start with 10,000 of QEMU's guests that were kept: until its driver answers, and what others wait meanwhile."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.clients.rawclient import RawClient
from benchmarks.measures.hung import EMULATOR
from benchmarks.report.results import Row, Tell
from benchmarks.targets import starting_virtloomd, virtloomd
from virtloom.driver.files.seal import sealed, writer_of

ROUNDS = 3
GUESTS = 10_000
WITHIN = 120.0  # seconds for an answer
PAUSE = 0.0005  # seconds between the calls of who looks on
URI = "qemu:///system"
# As virt-install makes them: a machine with PCI Express, and ports to plug in more.
GUEST = """<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='GiB'>2</memory><vcpu>2</vcpu>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/><apic/></features><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/images/{name}.qcow2'/>
<target dev='vda' bus='virtio'/></disk><disk type='file' device='cdrom'><target dev='sda' bus='sata'/></disk>
<controller type='usb' model='qemu-xhci'/>{ports}<controller type='virtio-serial'/>
<interface type='network'><source network='default'/><model type='virtio'/></interface><console type='pty'/>
<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel><input type='tablet' bus='usb'/>
<graphics type='vnc'/><sound model='ich9'/><video><model type='virtio'/></video>
<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng></devices></domain>"""
PORTS = "<controller type='pci' model='pcie-root'/>" + "<controller type='pci' model='pcie-root-port'/>" * 14
NAME, UUID = "guest-{:06d}", "00000000-0000-4000-8000-{:012d}"


class Started(NamedTuple):
    """One start.

    :ivar seconds: until the driver's first answer; :ivar processor: what all threads had used of the processors then.
    :ivar during: seconds within which 99 of 100 calls of another client were answered; :ivar after: the same, later.
    """

    seconds: float
    processor: float
    during: float
    after: float


def measure(tell: Tell, only: str = "") -> None:
    """Measure starts, where QEMU is installed."""
    if shutil.which(EMULATOR) is None:
        return
    text = _kept()
    rounds = [_started(text) for _ in range(ROUNDS)]
    first, others = (
        f"{what} of {GUESTS:,} guests" for what in ("the first answer, with files", "p99 of another client")
    )
    seconds, processor, during, after = (median(column) for column in zip(*rounds, strict=True))
    tell(Row(first, 0, "ms", seconds * 1e3, None, less=True, beside="after it", processor=processor * 1e6))
    tell(Row(others, 0, "us", during * 1e6, after * 1e6, less=True, beside="after it"))


def _kept() -> str:
    """The file of one guest, as the daemon wrote it."""
    with virtloomd() as target, closing(RawClient(target.socket, uri=URI)) as client:
        client.call("domain_define_xml", GUEST.format(name=NAME.format(0), uuid=UUID.format(0), ports=PORTS))
        return _definitions(target.socket.parents[1]).joinpath(f"{NAME.format(0)}.xml").read_text()


def _definitions(root: Path) -> Path:
    return root / "etc" / "qemu"


def _written(root: Path, text: str) -> None:
    """Files of many guests, each with a seal of its own."""
    folder, (writer, document) = _definitions(root), writer_of(text)
    folder.mkdir(parents=True)
    for number in range(GUESTS):
        own = document.replace(NAME.format(0), NAME.format(number)).replace(UUID.format(0), UUID.format(number))
        folder.joinpath(f"{NAME.format(number)}.xml").write_text(sealed(own, writer))


def _started(text: str) -> Started:
    with starting_virtloomd(prepare=lambda root: _written(root, text)) as target:
        ready = time.perf_counter()
        with closing(RawClient(target.socket, WITHIN)) as onlooker:
            with _looking_on(onlooker) as during, closing(RawClient(target.socket, WITHIN, URI)) as client:
                client.call("connect_get_lib_version")
                seconds, processor = time.perf_counter() - ready, target.processor_seconds
            with _looking_on(onlooker) as after:
                time.sleep(1.0)
        return Started(seconds, processor, _p99(during), _p99(after))


@contextmanager
def _looking_on(client: RawClient) -> Iterator[list[float]]:
    """A client that looks a guest of the test driver up again and again in a block: how long each call took."""
    took: list[float] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(PAUSE):
            began = time.perf_counter()
            client.call("domain_lookup_by_name", "test")
            took.append(time.perf_counter() - began)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield took
    finally:
        over.set()
        thread.join()


def _p99(took: list[float]) -> float:
    return sorted(took)[len(took) * 99 // 100]
