"""What a container has mounted or was given is nobody else's, and is not deleted, until its run is over."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asking import Pair, inside, state

from containers import busybox_root, container_xml, image_of, leftovers, script, unique
from daemons import eventually, needs


@pytest.fixture
def pair(scratch: Path) -> Iterator[Pair]:
    """A daemon that can be killed, with a pool of images."""
    made = Pair(scratch)
    folder = scratch / "pool"
    folder.mkdir()
    made.lxc("pool-create-as", "images", "dir", "--target", str(folder))
    yield made
    log = made.daemon.stop()
    assert "LockViolation" not in log, log


@pytest.fixture
def names(pair: Pair, scratch: Path) -> Iterator[tuple[str, str]]:
    made = unique("le"), unique("lf")
    yield made
    for name in made:
        pair.lxc.run("destroy", name)
        assert leftovers(name, scratch / "pool") == []


@pytest.fixture
def volume(pair: Pair, scratch: Path) -> Path:
    """A volume with a root on it."""
    root = busybox_root(scratch / "other")
    script(root, "sleep 1000")
    script(root, "read line </dev/console", "short")
    image = image_of(root, scratch / "pool" / "root.img")
    pair.lxc("pool-refresh", "images")
    return image


@pytest.fixture
def loop(scratch: Path) -> Iterator[str]:
    losetup, image = needs("losetup", "util-linux"), scratch / "disk"
    image.write_bytes(bytes(1 << 20))
    found = subprocess.run([losetup, "--find", "--show", str(image)], capture_output=True, text=True, check=True)
    yield found.stdout.strip()
    subprocess.run([losetup, "--detach", found.stdout.strip()], check=True)


def on_image(name: str, image: Path, init: str = "/bin/init", more: str = "") -> str:
    own = f"<filesystem type='file'><source file='{image}'/><target dir='/'/>{more}</filesystem>"
    return container_xml(name, image, init).replace(
        f"<filesystem type='mount'><source dir='{image}'/><target dir='/'/></filesystem>", own
    )


def test_an_image_that_is_mounted_is_kept_also_over_the_daemon_s_death(
    pair: Pair, names: tuple[str, str], volume: Path, scratch: Path
) -> None:
    first, second = names
    path, other = scratch / "first.xml", scratch / "second.xml"
    path.write_text(on_image(first, volume))
    other.write_text(on_image(second, volume))
    pair.lxc("create", str(path))
    for _ in range(2):
        assert f"in use for writing by domain '{first}'" in pair.lxc.fails("create", str(other))
        assert "still in use" in pair.lxc.fails("vol-delete", "root.img", "images")
        pair.kill()
        pair.start()
        pair.lxc.run("pool-create-as", "images", "dir", "--target", str(scratch / "pool"))
    assert state(pair.lxc, first) == "running (booted)"
    pair.lxc("destroy", first)
    pair.lxc("create", str(other))
    pair.lxc("destroy", second)
    pair.lxc("vol-delete", "root.img", "images")
    assert not volume.exists()


def test_an_image_that_is_only_read_is_everybody_s(
    pair: Pair, names: tuple[str, str], volume: Path, scratch: Path
) -> None:
    for name in names:
        path = scratch / "guest.xml"
        path.write_text(on_image(name, volume, more="<readonly/>"))
        pair.lxc("create", str(path))


def test_an_image_is_free_when_init_ended_or_the_start_failed(
    pair: Pair, names: tuple[str, str], volume: Path, scratch: Path
) -> None:
    path = scratch / "guest.xml"
    path.write_text(on_image(names[0], volume, "/bin/short"))
    pair.lxc("create", str(path))
    pair.lxc("send-process-signal", names[0], "1", "SIGKILL")
    eventually(lambda: names[0] not in pair.lxc("list", "--all", "--name"), "the container to end")
    path.write_text(on_image(names[0], volume, "/no/init"))
    pair.lxc.fails("create", str(path))
    pair.lxc("vol-delete", "root.img", "images")


def test_a_disk_that_comes_is_taken_and_one_that_goes_is_free(
    pair: Pair, names: tuple[str, str], root: Path, scratch: Path, loop: str
) -> None:
    first, second = names
    script(root, "sleep 1000")
    for name in names:
        path = scratch / "guest.xml"
        path.write_text(container_xml(name, root, "/bin/init"))
        pair.lxc("create", str(path))
    pair.lxc("attach-disk", first, loop, "vdb", "--sourcetype", "block")
    taken = f"in use for writing by domain '{first}'"
    assert taken in pair.lxc.fails("attach-disk", second, loop, "vdb", "--sourcetype", "block")
    pair.lxc.fails("lxc-enter-namespace", second, "--noseclabel", "/bin/ls", "/dev/vdb")
    (scratch / "storage.xml").write_text(
        f"<hostdev mode='capabilities' type='storage'><source><block>{loop}</block></source></hostdev>"
    )
    assert taken in pair.lxc.fails("attach-device", second, str(scratch / "storage.xml"))
    pair.lxc("detach-disk", first, "vdb")
    pair.lxc("attach-device", second, str(scratch / "storage.xml"))
    assert inside(pair.lxc, second, "/bin/ls", loop) == loop
    assert f"domain '{second}'" in pair.lxc.fails("attach-disk", first, loop, "vdb", "--sourcetype", "block")
