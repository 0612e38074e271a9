"""virsh runs a real guest's whole life, and finds it again after the daemon was killed."""

from __future__ import annotations

import os
import signal
from typing import Any

from daemons import eventually


def test_a_guest_lives_its_whole_life(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("guest"))
    assert virsh("domstate", "guest") == "shut off"
    virsh("start", "guest")
    assert virsh("domstate", "guest", "--reason") == "running (booted)"
    assert "already active" in virsh.fails("start", "guest")
    virsh("suspend", "guest")
    assert virsh("domstate", "guest", "--reason") == "paused (user)"
    virsh("resume", "guest")
    assert virsh("domstate", "guest", "--reason") == "running (unpaused)"
    virsh("reset", "guest")
    virsh("undefine", "guest")
    assert virsh("list", "--all", "--transient", "--name") == "guest"
    virsh("destroy", "guest")
    assert "failed to get domain 'guest'" in virsh.fails("dominfo", "guest")
    assert not list((host.root / "lib" / "qemu").glob("domain-*"))


def test_guests_outlive_a_killed_daemon_and_are_found_again(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("kept"))
    virsh("start", "kept")
    virsh("create", host.write("transient"), "--paused")
    before = virsh("dumpxml", "kept")
    host.crash()
    assert virsh("dumpxml", "kept") == before
    assert virsh("domstate", "transient", "--reason") == "paused (user)"
    virsh("suspend", "kept")
    virsh("resume", "transient")
    assert virsh("domstate", "transient") == "running"
    virsh("destroy", "transient")
    assert virsh("list", "--all", "--name") == "kept"


def test_what_happened_while_no_daemon_was_there_is_learned(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("gone"))
    virsh("start", "gone")
    host.daemon.process.kill()
    host.daemon.process.wait()
    os.kill(host.pid("gone"), signal.SIGKILL)
    host.crash()
    eventually(lambda: virsh("domstate", "gone", "--reason") == "shut off (crashed)", "the guest's end")
    virsh("start", "gone")


def test_a_guest_that_dies_is_shut_off_and_can_be_started_again(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("mortal"))
    virsh("start", "mortal")
    os.kill(host.pid("mortal"), signal.SIGKILL)
    eventually(lambda: virsh("domstate", "mortal", "--reason") == "shut off (crashed)", "the guest's end")
    virsh("start", "mortal")


def test_a_start_that_fails_says_what_qemu_said_and_leaves_nothing(host: Any) -> None:
    virsh = host.virsh
    path = host.root / "bad.xml"
    text = (host.root / host.write("bad")).read_text()
    option = "<qemu:commandline><qemu:arg value='-nosuchoption'/></qemu:commandline></domain>"
    schema = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"
    path.write_text(text.replace("<domain", f"<domain {schema}").replace("</domain>", option))
    virsh("define", str(path))
    said = virsh.fails("start", "bad")
    assert "process exited while connecting to monitor" in said
    assert "-nosuchoption: invalid option" in said
    assert virsh("domstate", "bad", "--reason") == "shut off (failed)"
    assert not list((host.root / "lib" / "qemu").glob("domain-*"))


def test_displays_get_ports_of_their_own_on_the_loopback_address(host: Any) -> None:
    virsh, vnc = host.virsh, "<graphics type='vnc' port='-1' autoport='yes'/>"
    for name in ("one", "two"):
        virsh("create", host.write(name, devices=vnc))
    ends = {virsh("vncdisplay", name) for name in ("one", "two")}
    assert len(ends) == 2
    assert all(end.startswith("127.0.0.1:") for end in ends)


def test_a_stopped_guest_can_be_destroyed(host: Any) -> None:
    virsh = host.virsh
    virsh("create", host.write("stuck"))
    os.kill(host.pid("stuck"), signal.SIGSTOP)
    virsh("destroy", "stuck")
    assert virsh("list", "--all", "--name") == ""
