"""Real containers, run by virsh: busybox in a root of the test's own, in private namespaces."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from asking import Terminal, heard, inside, listen, state

from containers import container_xml, leftovers, script
from daemons import Daemon, Virsh, eventually, needs

Define = Callable[..., None]


def test_a_container_lives_its_whole_life(lxc: Virsh, define: Define, name: str) -> None:
    define()
    assert state(lxc, name) == "shut off (unknown)"
    lxc("start", name)
    assert state(lxc, name) == "running (booted)"
    assert inside(lxc, name, "/bin/hostname") == name
    assert inside(lxc, name, "/bin/cat", "/proc/1/comm") == "sh"
    assert "Domain is already active" in lxc.fails("start", name)
    lxc("destroy", name)
    assert state(lxc, name) == "shut off (destroyed)"


def test_a_start_that_cannot_be_written_down_leaves_nothing(
    lxc: Virsh, define: Define, name: str, daemon: Daemon
) -> None:
    define()
    in_the_way = daemon.root / f"run/lxc/{name}.xml"
    in_the_way.mkdir(parents=True)
    assert "cannot write" in lxc.fails("start", name)
    assert state(lxc, name) == "shut off (failed)"
    assert leftovers(name) == []
    in_the_way.rmdir()
    lxc("start", name)
    assert state(lxc, name) == "running (booted)"


def test_suspend_stops_its_processes_until_resume(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(script(root, "n=0; while true; do n=$((n+1)); echo $n >/tmp/n; done"))
    count = root / "tmp" / "n"
    lxc("start", name)
    eventually(count.exists, "the container to count")
    lxc("suspend", name)
    assert state(lxc, name) == "paused (user)"
    frozen = count.read_text()
    time.sleep(0.3)
    assert count.read_text() == frozen
    lxc("resume", name)
    eventually(lambda: count.read_text() not in (frozen, ""), "it to count on")
    lxc("suspend", name)
    lxc("destroy", name)


def test_a_console_session(lxc: Virsh, define: Define, name: str) -> None:
    define()
    lxc("start", name)
    console = Terminal(lxc, name)
    console.say("echo it is $((6*7))")
    console.expect("it is 42")
    console.say("tty -s && echo a $((1+1))-way terminal")  # its name is any of several nodes of one device
    console.expect("a 2-way terminal")
    console.say("sleep 1000; echo slept $((6*7))")
    eventually(lambda: "sleep" in inside(lxc, name, "/bin/ps", "-o", "comm"), "it to sleep")
    console.say("\x03")
    console.say("echo interrupted $((6*7))")
    console.expect("interrupted 42")
    console.say("no-such-command")
    console.expect("not found")
    console.leave()
    assert state(lxc, name) == "running (booted)"
    again = Terminal(lxc, name)
    again.say("echo still $((6*7))")
    again.expect("still 42")
    again.leave()


def test_a_label_of_a_model_that_the_host_has_not_is_refused(lxc: Virsh, define: Define, name: str) -> None:
    missing = "selinux" if "<model>apparmor</model>" in lxc("capabilities") else "apparmor"
    define(more=f"<seclabel type='static' model='{missing}'><label>own</label></seclabel>")
    assert f"Security driver model '{missing}' is not available" in lxc.fails("start", name)


def test_nobody_enters_a_paused_container_to_be_stopped_with_it(lxc: Virsh, define: Define, name: str) -> None:
    define()
    lxc("start", name)
    lxc("suspend", name)
    assert "domain is paused" in lxc.fails("lxc-enter-namespace", name, "--noseclabel", "/bin/true")
    lxc("resume", name)
    inside(lxc, name, "/bin/true")


def test_too_little_memory_is_a_start_that_fails_with_a_guess_why(lxc: Virsh, define: Define, name: str) -> None:
    define(memory=4)
    assert "is its memory of 4 KiB enough?" in lxc.fails("start", name)


def test_a_console_that_nobody_reads_does_not_hold_the_container_up(
    lxc: Virsh, define: Define, name: str, root: Path
) -> None:
    define(script(root, "while true; do echo 0123456789012345678901234567890123456789; date >/tmp/alive; done"))
    lxc("start", name)
    alive = root / "tmp" / "alive"
    eventually(alive.exists, "the container to write")
    for _ in range(3):
        alive.unlink(missing_ok=True)
        eventually(alive.exists, "the container to go on though its console is full")


def test_memory_over_the_limit_kills_the_process_and_not_the_container(
    lxc: Virsh, define: Define, name: str, root: Path
) -> None:
    define(script(root, "tail /dev/zero; echo $? >/tmp/ended; sleep 1000"), memory=16384)
    lxc("start", name)
    ended = root / "tmp" / "ended"
    eventually(lambda: ended.exists() and ended.read_text() != "", "the process that wants too much to end")
    assert int(ended.read_text()) == 128 + signal.SIGKILL
    assert state(lxc, name) == "running (booted)"
    assert "hard_limit     : 16384" in lxc("memtune", name)


REBOOTS = "echo boot >>/tmp/boots; trap 'reboot -f' HUP; while true; do sleep 0.1; done"


def test_a_reboot_keeps_the_container_and_is_told(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(script(root, REBOOTS))
    lxc("start", name)
    boots, first = root / "tmp" / "boots", lxc("domid", name)
    eventually(boots.exists, "the first boot")
    events = listen(lxc, name)
    lxc("reboot", name)
    eventually(lambda: boots.read_text().count("boot") == 2, "the second boot")
    eventually(lambda: lxc("domid", name) != first, "the new id")
    assert state(lxc, name) == "running (booted)"
    assert "event 'reboot'" in heard(events)


def test_an_init_that_ends_is_told_apart_from_one_that_is_killed(
    lxc: Virsh, define: Define, name: str, root: Path
) -> None:
    define(script(root, "sleep 0.7; exit 3"))
    events = listen(lxc, name)
    lxc("start", name)
    eventually(lambda: state(lxc, name) == "shut off (shutdown)", "the container to end by itself")
    assert "Stopped Shutdown" in heard(events)
    script(root, "sleep 1000")
    events = listen(lxc, name)
    lxc("start", name)
    os.kill(int(lxc("domid", name)), signal.SIGKILL)
    eventually(lambda: state(lxc, name) == "shut off (crashed)", "the container to be seen dead")
    assert "Stopped Crashed" in heard(events)


def test_shutdown_is_inits_own_affair(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(script(root, "trap 'exit 0' TERM; while true; do sleep 0.1; done"))
    lxc("start", name)
    eventually(lambda: "sleep" in inside(lxc, name, "/bin/ps"), "init to have set its trap")
    lxc("shutdown", name)
    eventually(lambda: state(lxc, name) == "shut off (shutdown)", "init to end")


def test_devices_come_and_go(lxc: Virsh, define: Define, name: str, scratch: Path) -> None:
    define()
    lxc("start", name)
    device = scratch / "device.xml"
    device.write_text("<hostdev mode='capabilities' type='misc'><source><char>/dev/full</char></source></hostdev>")
    inside(lxc, name, "/bin/busybox", "rm", "/dev/full")
    lxc("attach-device", name, str(device), "--live")
    assert "1,   7" in inside(lxc, name, "/bin/ls", "-l", "/dev/full")
    assert "host device already exists" in lxc.fails("attach-device", name, str(device), "--live")
    lxc("detach-device", name, str(device), "--live")
    assert "/dev/full" not in inside(lxc, name, "/bin/ls", "/dev")
    assert "hostdev /dev/full not found" in lxc.fails("detach-device", name, str(device), "--live")


def test_file_systems_of_every_kind(lxc: Virsh, define: Define, name: str, scratch: Path, root: Path) -> None:
    needs("mkfs.ext4", "e2fsprogs")
    shared, image = scratch / "shared", scratch / "image"
    shared.mkdir()
    (shared / "file").write_text("shared\n")
    image.write_bytes(b"")
    os.truncate(image, 8 << 20)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, timeout=30)
    (root / "tmp" / "own").mkdir()
    (root / "tmp" / "own" / "file").write_text("own\n")
    define(
        devices=f"""
        <filesystem type='mount'><source dir='{shared}'/><target dir='/mnt/shared'/><readonly/></filesystem>
        <filesystem type='ram'><source usage='1024' units='KiB'/><target dir='/mnt/ram'/></filesystem>
        <filesystem type='bind'><source dir='/tmp/own'/><target dir='/mnt/bound'/></filesystem>
        <filesystem type='file'><driver type='loop' format='raw'/><source file='{image}'/>
          <target dir='/mnt/image'/></filesystem>"""
    )
    lxc("start", name)
    assert inside(lxc, name, "/bin/cat", "/mnt/shared/file") == "shared"
    assert inside(lxc, name, "/bin/cat", "/mnt/bound/file") == "own"
    assert "Read-only" in lxc.fails("lxc-enter-namespace", name, "--noseclabel", "/bin/mkdir", "/mnt/shared/x")
    mounts = inside(lxc, name, "/bin/cat", "/proc/mounts")
    assert "/mnt/ram tmpfs rw,nosuid,nodev,relatime,size=1024k" in mounts
    assert "/mnt/image ext4" in mounts
    lxc("destroy", name)
    loops = subprocess.run(["losetup", "--associated", str(image)], capture_output=True, text=True, timeout=10)
    assert loops.stdout == ""


MAPPED = "start='0' target='100000' count='1000'"


def test_root_inside_is_nobody_outside_with_an_idmap(
    lxc: Virsh, define: Define, name: str, root: Path, scratch: Path
) -> None:
    scratch.chmod(0o755)
    for path in (root, *root.rglob("*")):
        os.lchown(path, 100000, 100000)
    define(
        script(root, "sleep 1000"),
        more=f"<idmap><uid {MAPPED}/><gid {MAPPED}/></idmap>",
    )
    lxc("start", name)
    assert os.stat(f"/proc/{lxc('domid', name)}").st_uid == 100000
    assert inside(lxc, name, "/bin/cat", "/proc/self/uid_map").split() == ["0", "100000", "1000"]
    assert inside(lxc, name, "/bin/grep", "MemTotal", "/proc/meminfo").split()[1] == "65536"


def test_capabilities_are_dropped_and_kept(lxc: Virsh, define: Define, name: str) -> None:
    define(features="<capabilities policy='default'><mknod state='on'/><chown state='off'/></capabilities>")
    lxc("start", name)
    status = Path(f"/proc/{lxc('domid', name)}/status").read_text()
    bounding = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd")), 16)
    has = {
        word: bool(bounding >> bit & 1) for word, bit in {"chown": 0, "mknod": 27, "sys_time": 25, "kill": 5}.items()
    }
    assert has == {"chown": False, "mknod": True, "sys_time": False, "kill": True}


def test_init_is_given_its_arguments_environment_and_folder(lxc: Virsh, define: Define, name: str, root: Path) -> None:
    define(
        script(root, 'echo "$1 in $PWD with $H3" >/tmp/told; sleep 1000'),
        os_parts="<initarg>two words</initarg><initenv name='H3'>a value</initenv><initdir>/mnt</initdir>",
    )
    lxc("start", name)
    told = root / "tmp" / "told"
    eventually(lambda: told.exists() and told.read_text() != "", "init to tell")
    assert told.read_text() == "two words in /mnt with a value\n"


def test_it_is_destroyed_with_the_client_that_wanted_it_so(lxc: Virsh, scratch: Path, root: Path, name: str) -> None:
    path = scratch / "guest.xml"
    path.write_text(container_xml(name, root))
    lxc.run("create", str(path), "--autodestroy")
    eventually(lambda: name not in lxc("list", "--all", "--name"), "the container to go with its client")
