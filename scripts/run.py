"""`make run`: a daemon on a scratch root, a first guest in it, and the line to paste to reach it.

Serves until Ctrl-C; with --once it stops after showing the guest running.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from virtloom.client import Connection, ConnectionLost, DeadlineMissed, connect
from virtloom.errors import VirtError

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parent.parent / ".run"
READY_WITHIN = 20  # seconds from the command to the first answered call

NAME = "first"
GUEST = """<domain type='{type}'>
  <name>first</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type>hvm</type></os>
</domain>"""


def main() -> int:
    """Start, show, serve. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop after showing the guest running")
    options = parser.parse_args()
    daemon = start_daemon()
    if daemon is None:
        return 1
    try:
        scheme, path = hypervisor()
        # test:///default lives for as long as somebody is connected, as libvirt's does: stay connected.
        with connect(uri(scheme, path)) as connection:
            try:
                shown = show_guest(scheme, path)
                if shown and not options.once:
                    serve(daemon)
            finally:
                end_guest(connection)  # a real guest would outlive the daemon
        return 0 if shown else 1
    finally:
        stop(daemon)


def start_daemon() -> subprocess.Popen[bytes] | None:
    """The daemon, ready to answer; None if it did not become so, with its reason on stderr."""
    shutil.rmtree(ROOT, ignore_errors=True)
    reader, writer = os.pipe()
    command = [str(BIN / "virtloomd"), "--root", str(ROOT), "--ready-fd", str(writer)]
    print(f"$ {' '.join(command[:3])}", flush=True)
    daemon = subprocess.Popen(command, pass_fds=(writer,), start_new_session=True)
    os.close(writer)
    with os.fdopen(reader) as ready:
        if ready.readline().strip():
            return daemon
    print(f"virtloomd ended with status {daemon.wait(READY_WITHIN)} before it was ready; see above", file=sys.stderr)
    return None


def socket_path() -> Path:
    """The daemon's read-write socket."""
    return ROOT / "run" / "virtloom-sock"


def uri(scheme: str, path: str) -> str:
    """What reaches a driver of the daemon, for libvirt's clients and for ours."""
    return f"{scheme}+unix://{path}?socket={socket_path()}"


def hypervisor() -> tuple[str, str]:
    """The scheme and the path of the URI to show: QEMU's where it is installed, the test driver's otherwise."""
    if shutil.which(f"qemu-system-{platform.machine()}") is None:
        print("QEMU is not installed (Debian: apt-get install qemu-system-x86); the test driver plays the guest")
        return "test", "/default"
    return "qemu", "/system"


def show_guest(scheme: str, path: str) -> bool:
    """Define and start a guest and list it, with virsh where there is one; whether it runs."""
    virsh = shutil.which("virsh")
    if virsh is None:
        print("virsh is not installed (Debian: apt-get install libvirt-clients); showing virtloom's own client")
        return show_with_own_client(scheme, path)
    xml = ROOT / f"{NAME}.xml"
    xml.write_text(GUEST.format(type=scheme))
    where = uri(scheme, path)
    for words in (["define", str(xml)], ["start", NAME], ["list", "--all"]):
        listed = run([virsh, "-c", where, *words], shown=f"virsh -c '{where}' {' '.join(words)}")
        if listed is None:
            return False
    print(f"\nThe guest runs. Reach the daemon with:\n\n  virsh -c '{where}' list --all\n")
    return NAME in (listed or "")


def show_with_own_client(scheme: str, path: str) -> bool:
    """The same with `virtloom`, for machines without libvirt's clients."""
    own = [str(BIN / "virtloom"), "--root", str(ROOT), "--connect", f"{scheme}://{path}"]
    xml = GUEST.format(type=scheme)
    calls = [
        [*own, "call", "domain_create_xml", json.dumps({"xml_desc": xml, "flags": 0})],
        [*own, "list", "--all"],
    ]
    outputs = [run(call, shown=" ".join(["virtloom", *call[5:7]])) for call in calls]
    print(f"\nReach the daemon with:\n\n  {' '.join(own)} list --all\n")
    return outputs[-1] is not None and NAME in outputs[-1]


def end_guest(connection: Connection) -> None:
    """Destroy the guest, if it was started."""
    with suppress(VirtError, ConnectionLost, DeadlineMissed):
        connection.domain_destroy_flags(connection.domain_lookup_by_name(NAME).dom, 0)


def run(command: list[str], *, shown: str) -> str | None:
    """Run a command, showing it and what it prints; None if it failed."""
    print(f"$ {shown}", flush=True)
    finished = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=READY_WITHIN)
    print(finished.stdout, end="", flush=True)
    return finished.stdout if finished.returncode == 0 else None


def serve(daemon: subprocess.Popen[bytes]) -> None:
    """Wait for Ctrl-C, or for the daemon to end by itself."""
    print("Serving until Ctrl-C.", flush=True)
    try:
        daemon.wait()
    except KeyboardInterrupt:
        print()


def stop(daemon: subprocess.Popen[bytes]) -> None:
    """Stop the daemon as an operator would; it lets calls finish and is gone within 5 seconds."""
    daemon.terminate()
    try:
        daemon.wait(8)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


if __name__ == "__main__":
    sys.exit(main())
