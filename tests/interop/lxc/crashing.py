"""A daemon's part that dies at one step of a container's start or end, again and again: run with a folder, a bridge and
`name=NAME`.

For each step a process of its own first recovers from the one before it and tells what was left over then; after that
it starts the container and destroys it, and kills itself before the step of that number: before a file is written, a
folder made, a program run, a socket used or the kernel told something about a link. One line of JSON is printed for
each, until one has come to the end.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from pyroute2.iproute.linux import RTNL_API

import virtloom_lxc.driver  # noqa: F401  # what a plugin imports when it is started is there before the first life
import virtloom_lxc.plugin as lxc
import virtloom_network.driver  # noqa: F401
import virtloom_network.plugin as network
from containers import container_xml, leftovers, links
from virtloom.driver.handles import DomainHandle
from virtloom.driver.kinds import DriverKind
from virtloom.testkit import hosted

CHANGES = {
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chown", "os.chmod", "subprocess.Popen", "socket.bind",
    "socket.connect", "virtloom.link",
}  # fmt: skip
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def dies_at(step: int) -> Callable[[str, Any], None]:
    """A hook for audit events that kills the process before one of the changes it makes."""
    done = 0

    def hook(event: str, args: Any) -> None:
        nonlocal done
        opens = event == "open" and isinstance(args[0], str) and args[2] & WRITING
        if event in CHANGES or opens:
            done += 1
            if done == step:
                os.kill(os.getpid(), signal.SIGKILL)

    return hook


def tell_links(method: str) -> None:
    """Have changes of links seen by the hook, which netlink's own messages are not."""
    original = getattr(RTNL_API, method)

    def told(self: Any, command: str, *args: Any, **more: Any) -> Any:
        if command not in ("get", "dump", "show"):
            sys.audit("virtloom.link", method, command)
        return original(self, command, *args, **more)

    setattr(RTNL_API, method, told)


def definition(folder: Path, bridge: str, name: str) -> str:
    devices = f"""
      <interface type='network'><source network='crash'/><mac address='52:54:00:4c:5a:01'/></interface>
      <interface type='bridge'><source bridge='{bridge}'/><mac address='52:54:00:4c:5a:02'/>
        <route family='ipv4' address='172.31.0.0' prefix='16' gateway='10.99.7.253'/>
        <ip address='10.99.7.2' family='ipv4' prefix='24'/></interface>"""
    uuid = "c3c3c3c3-0001-4000-8000-0000000000c3"
    xml = container_xml(name, folder / "root", "/bin/sh", devices=devices, uuid=uuid)
    image = f"<filesystem type='file'><source file='{folder}/image'/>"
    return xml.replace(f"<filesystem type='mount'><source dir='{folder}/root'/>", image)


def left(driver: Any, networks: Any, folder: Path, name: str) -> list[str]:
    """What is there of a container that is not shown to run."""
    shown = [dom.name for dom in driver.connect_list_all_domains(0)]
    if shown:
        assert shown == [name]
        init = driver.domain_lookup_by_name(name).id
        return [] if os.path.exists(f"/proc/{init}/root") else [f"shown with init {init}, which is not there"]
    found = leftovers(name, folder)
    found += [link for link in links() if link.startswith("vnet")]
    found += [str(place) for place in (folder / "run" / "lxc" / "containers").glob("*")]
    network = networks.network_lookup_by_name("crash")
    found += ["a port of the network" for _ in networks.network_list_all_ports(network, 0)]
    backing = (path.read_text().strip() for path in Path("/sys/block").glob("loop*/loop/backing_file"))
    return found + [path for path in backing if path == str(folder / "image")]


def live(folder: Path, bridge: str, name: str, step: int, told: int) -> None:
    """One life: recover, tell what was left over, then start and destroy the container as far as that goes.

    :param told: the descriptor that is written to.
    """
    with hosted(network, folder) as nets:
        if "crash" not in [one.name for one in nets.driver.connect_list_all_networks(0)]:
            xml = f"<network><name>crash</name><forward mode='bridge'/><bridge name='{bridge}'/></network>"
            nets.driver.network_create_xml_flags(xml, 0)
        with hosted(lxc, folder, find_driver=lambda kind: nets.driver if kind == DriverKind.NETWORK else None) as host:
            os.write(told, json.dumps(left(host.driver, nets.driver, folder, name)).encode())
            for dom in host.driver.connect_list_all_domains(0):
                host.driver.domain_destroy_flags(dom, 0)
            sys.addaudithook(dies_at(step))
            dom: DomainHandle = host.driver.domain_create_xml(definition(folder, bridge, name), 0)
            host.driver.domain_destroy_flags(dom, 0)


def lived(*life: Any) -> tuple[str, int]:
    """What one life told, and how it ended. It is a copy of this process, which has imported everything."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        try:
            live(*life, writing)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    return text, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    folder, bridge, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3].removeprefix("name=")
    for method in ("link", "addr", "route", "tc"):
        tell_links(method)
    for step in count(1):
        text, status = lived(folder, bridge, name, step)
        print(json.dumps({"step": step, "left": text, "status": status}), flush=True)
        if status != -signal.SIGKILL:
            return


if __name__ == "__main__":
    main()
