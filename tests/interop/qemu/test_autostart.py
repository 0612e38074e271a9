"""Guests that are marked for it start with the daemon: after a boot, and not when the daemon alone starts again."""

from __future__ import annotations

from typing import Any

from daemons import eventually


def boot(host: Any) -> None:
    """What a boot of the host leaves of the folders: nothing of `run`."""
    host.daemon.process.kill()
    host.daemon.process.wait()
    for file in (host.root / "run" / "qemu").iterdir():
        if file.is_file():
            file.unlink()
    host.crash()


def test_marked_guests_start_after_a_boot_and_others_do_not(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("marked"))
    virsh("define", host.write("other"))
    virsh("autostart", "marked")
    boot(host)
    eventually(lambda: virsh("domstate", "marked") == "running", "the guest that starts with the daemon")
    assert virsh("domstate", "other") == "shut off"
    assert virsh("list", "--all", "--autostart", "--name") == "marked"


def test_a_guest_that_was_destroyed_stays_so_when_the_daemon_starts_again(host: Any) -> None:
    virsh = host.virsh
    virsh("define", host.write("first"))
    virsh("define", host.write("second"))
    virsh("autostart", "first")
    virsh("autostart", "second")
    boot(host)
    running = ("list", "--state-running", "--name")  # one that is still being started does not outlive its daemon
    eventually(lambda: set(virsh(*running).split()) == {"first", "second"}, "both guests")
    virsh("destroy", "first")
    host.crash()
    assert virsh("list", "--name") == "second"
    assert virsh("domstate", "first", "--reason") != "running (booted)"


def test_a_guest_that_cannot_start_does_not_keep_the_daemon_from_serving(host: Any) -> None:
    virsh = host.virsh
    disk = f"<disk type='file'><source file='{host.root}/missing'/><target dev='vda'/></disk>"
    virsh("define", host.write("broken", devices=disk))
    virsh("autostart", "broken")
    boot(host)
    eventually(lambda: "Failed to autostart VM 'broken'" in host.daemon.log.read_text(), "the line in the log")
    assert virsh("domstate", "broken") == "shut off"
