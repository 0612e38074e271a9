"""Namespaces that containers share with another container, a process or a network that has a name."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import inside, interface

from containers import busybox_root, container_xml, links, script, unique
from daemons import Virsh, eventually, needs

NAMESPACE = "http://libvirt.org/schemas/domain/lxc/1.0"
Sharing = Callable[..., Path]


@pytest.fixture
def sharing(scratch: Path, name: str) -> Sharing:
    """Writes the definition of a container that shares something; gives its path."""
    root = busybox_root(scratch / "other")
    path = scratch / "sharing.xml"

    def write(what: str, devices: str = "") -> Path:
        xml = container_xml(f"{name}s", root, script(root, "sleep 1000"), devices=devices)
        xml = xml.replace("<domain ", f"<domain xmlns:lxc='{NAMESPACE}' ", 1)
        path.write_text(xml.replace("</domain>", f"<lxc:namespace>{what}</lxc:namespace></domain>"))
        return path

    return write


@pytest.fixture
def sharer(lxc: Virsh, name: str) -> Iterator[str]:
    """The name of the container that shares."""
    yield f"{name}s"
    lxc.run("destroy", f"{name}s")


def namespace(lxc: Virsh, name: str, kind: str) -> str:
    return os.readlink(f"/proc/{lxc('domid', name)}/ns/{kind}")


def test_a_container_in_the_namespaces_of_another(
    lxc: Virsh, scratch: Path, root: Path, name: str, sharer: str, sharing: Sharing, bridge: str
) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml(name, root, script(root, "sleep 1000"), devices=interface(bridge, 1)))
    lxc("create", str(path))
    every = "".join(f"<lxc:{what} type='name' value='{name}'/>" for what in ("sharenet", "shareipc", "shareuts"))
    lxc("create", str(sharing(every)))
    for kind in ("net", "ipc", "uts"):
        assert namespace(lxc, sharer, kind) == namespace(lxc, name, kind)
    assert namespace(lxc, sharer, "pid") != namespace(lxc, name, "pid")
    assert "10.99.7.1/24" in inside(lxc, sharer, "/bin/ip", "address", "show", "eth0")
    assert inside(lxc, sharer, "/bin/hostname") == name
    assert f"<lxc:sharenet type='name' value='{name}'/>" in lxc("dumpxml", sharer)
    lxc("destroy", name)
    assert inside(lxc, sharer, "/bin/hostname") == name, "what is shared lasts while one is in it"


def test_a_container_in_the_network_of_a_process(lxc: Virsh, sharer: str, sharing: Sharing) -> None:
    unshare = needs("unshare", "util-linux")
    process = subprocess.Popen([unshare, "--net", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        lxc("create", str(sharing(f"<lxc:sharenet type='pid' value='{process.pid}'/>")))
        assert namespace(lxc, sharer, "net") == os.readlink(f"/proc/{process.pid}/ns/net")
    finally:
        process.kill()
        process.wait()


def test_what_is_shared_stays_when_the_process_has_gone_and_the_container_boots_again(
    lxc: Virsh, sharer: str, sharing: Sharing, scratch: Path
) -> None:
    unshare = needs("unshare", "util-linux")
    process = subprocess.Popen([unshare, "--net", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    path = sharing(f"<lxc:sharenet type='pid' value='{process.pid}'/>")
    again = "trap 'exec reboot -f' HUP; while true; do sleep 0.1; done"
    path.write_text(path.read_text().replace("/bin/init", script(scratch / "other", again, "again")))
    lxc("create", str(path))
    before, network = lxc("domid", sharer), namespace(lxc, sharer, "net")
    process.kill()
    process.wait()
    lxc("reboot", sharer, "--mode", "signal")
    eventually(lambda: lxc("domid", sharer) != before, "the container to boot again")
    assert namespace(lxc, sharer, "net") == network
    assert not [one for one in inside(lxc, sharer, "/bin/ls", "-l", "/proc/1/fd").splitlines() if "net:" in one]


def test_a_container_in_a_network_that_has_a_name(lxc: Virsh, sharer: str, sharing: Sharing) -> None:
    ip, named = needs("ip", "iproute2"), unique("ns")
    subprocess.run([ip, "netns", "add", named], check=True, timeout=20)
    try:
        subprocess.run([ip, "-n", named, "link", "add", "vtmark", "type", "bridge"], check=True, timeout=20)
        lxc("create", str(sharing(f"<lxc:sharenet type='netns' value='{named}'/>")))
        assert "vtmark" in inside(lxc, sharer, "/bin/ip", "-o", "link")
    finally:
        subprocess.run([ip, "netns", "del", named], check=True, timeout=20)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("<lxc:sharenet type='name' value='nobody'/>", "No domain with matching name 'nobody'"),
        ("<lxc:sharenet type='netns' value='nowhere'/>", "failed to open netns nowhere: No such file or directory"),
        ("<lxc:shareuts type='netns' value='x'/>", "'netns' namespace source can only be used with sharenet"),
        ("<lxc:shareipc type='pid' value='4194304'/>", "failed to open ns shareipc: No such file or directory"),
        ("<lxc:sharedisk type='pid' value='1'/>", "unsupported Namespace feature: sharedisk"),
        ("<lxc:sharenet type='any' value='1'/>", "Unknown LXC namespace source 'any'"),
        ("<lxc:sharenet type='name'/>", "No lxc environment type specified"),
    ],
)
def test_what_cannot_be_shared_is_refused(lxc: Virsh, sharing: Sharing, what: str, said: str) -> None:
    assert said in lxc.fails("create", str(sharing(what)))


def test_one_that_does_not_run_shares_nothing(
    lxc: Virsh, define: Callable[..., None], name: str, sharing: Sharing
) -> None:
    define()
    refused = lxc.fails("create", str(sharing(f"<lxc:sharenet type='name' value='{name}'/>")))
    assert "domain is not running" in refused


def test_one_that_shares_a_network_has_no_interfaces_of_its_own(lxc: Virsh, sharing: Sharing, bridge: str) -> None:
    before = links()
    path = sharing("<lxc:sharenet type='pid' value='1'/>", interface(bridge, 1))
    assert "a container that shares a network has no interfaces of its own" in lxc.fails("create", str(path))
    assert links() == before
