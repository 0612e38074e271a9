"""Back ends whose storage is not here: what they make of their tools' output, and what they ask of the tools.

`shim.py` stands on PATH in the tools' place and answers as their manual pages say. None of this was the real thing.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from stores import MIB, Store, kept, refused, volume_xml

from virtloom_storage.backends import filesystem, iscsi, mpath, scsi, scsi_units

Rules = list[dict[str, Any]]
TOOLS = (
    "vgs vgscan vgchange vgcreate pvs pvcreate lvs lvcreate lvremove iscsiadm zfs zpool rbd ceph scsi_id udevadm "
    "mount umount showmount gluster"
)
SETTLE = {"call": "udevadm .*"}


class Tools:
    """The shim under the tools' names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in TOOLS.split():
            shutil.copy(Path(__file__).with_name("shim.py"), folder / name)
            (folder / name).chmod(0o755)

    def play(self, rules: Rules) -> None:
        """Answer by these rules from now on."""
        (self.folder / "table.json").write_text(json.dumps([*rules, SETTLE]))

    def calls(self, beginning: str) -> list[str]:
        """The calls so far that begin so."""
        return [call for call in (self.folder / "calls").read_text().splitlines() if call.startswith(beginning)]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    made = Tools(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{made.folder}:{os.environ['PATH']}")
    return made


@pytest.fixture
def tooled(tools: Tools, tmp_path: Path) -> Iterator[Store]:
    with kept(tmp_path / "store") as running:
        yield running


@pytest.fixture
def in_dev() -> Iterator[Callable[[], str]]:
    """Gives names below /dev that are free; whatever is made there goes."""
    if os.geteuid() != 0:
        pytest.skip("needs root, for files in /dev")
    name = f"vlshim{uuid.uuid4().hex[:8]}"
    yield lambda: name
    path = Path("/dev", name)
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def pool_xml(type_: str, name: str, source: str, target: str = "") -> str:
    where = f"<target><path>{target}</path></target>" if target else ""
    return f"<pool type='{type_}'><name>{name}</name><source>{source}</source>{where}</pool>"


def lvm(group: str) -> Rules:
    """A group of 1 GiB in which `v` is made and removed, as lvm2 prints it (lvs(8), vgs(8), pvs(8))."""
    node = f"/dev/{group}/v"
    return [
        {"call": "vgscan", "prints": f'  Found volume group "{group}" using metadata type lvm2\n'},
        {"call": "pvs .*", "prints": f"  /dev/sdx1  {group}\n  /dev/sdy1  other\n"},
        {"call": "vgs .*", "if": node, "prints": "  1073741824:1069547520\n"},
        {"call": "vgs .*", "prints": "  1073741824:1073741824\n"},
        {"call": "lvs .*", "if": node, "prints": f"  v##{UUID}#{SEGMENT}#-wi-a-----\n"},
        {"call": "lvs .*"},
        {"call": "lvcreate .*", "makes": node},
        {"call": "lvremove .*", "removes": node},
        {"call": f"vgchange -al[yn] {group}"},
    ]  # fmt: skip


SEGMENT = "/dev/sdx1(0)#linear#1#4194304#4194304#4194304"
UUID = "Vz4Yl2-e5Ue-FdV3-mPqz-CuTt-8yTn-iYgcZ9"


def test_a_volume_group_is_a_pool(tools: Tools, tooled: Store, in_dev: Callable[[], str]) -> None:
    group, driver = in_dev(), tooled.driver
    tools.play(lvm(group))
    pool = driver.storage_pool_define_xml(pool_xml("logical", "lv", f"<name>{group}</name>"), 0)
    driver.storage_pool_create(pool, 0)
    assert driver.storage_pool_get_info(pool) == (2, 1 << 30, 0, 1 << 30)
    vol = driver.storage_vol_create_xml(pool, volume_xml("v", 4 * MIB, allocation=4 * MIB).replace("raw", "linux"), 0)
    assert vol.key == UUID
    assert tools.calls("lvcreate") == [f"lvcreate --name v -L 4096K {group} --yes"]
    text = driver.storage_vol_get_xml_desc(vol, 0)
    assert "<device path='/dev/sdx1'>" in text
    assert "<extent start='0' end='4194304'/>" in text
    assert driver.storage_pool_get_info(pool)[2] == 4 * MIB
    driver.storage_vol_delete(vol, 0)
    driver.storage_pool_destroy(pool)
    assert tools.calls("vgchange") == [f"vgchange -aly {group}", f"vgchange -aln {group}"]


def test_a_volume_that_a_dead_daemon_was_making_is_removed(
    tools: Tools, tooled: Store, in_dev: Callable[[], str]
) -> None:
    group, driver = in_dev(), tooled.driver
    tools.play(lvm(group))
    pool = driver.storage_pool_define_xml(pool_xml("logical", "lv", f"<name>{group}</name>"), 0)
    driver.storage_pool_create(pool, 0)
    driver.storage_vol_create_xml(pool, volume_xml("v", 4 * MIB, allocation=4 * MIB).replace("raw", "linux"), 0)
    notes = tooled.hosted.host.dirs.state / "unfinished"
    assert list(notes.iterdir()) == []
    driver.storage_pool_destroy(pool)
    (notes / f"{uuid.UUID(bytes=pool.uuid)}.v").touch()
    driver.storage_pool_create(pool, 0)
    assert tooled.names(pool) == list(notes.iterdir()) == []
    assert tools.calls("lvremove") == [f"lvremove -f /dev/{group}/v"]


def test_a_group_that_is_not_there_does_not_start(tools: Tools, tooled: Store) -> None:
    tools.play(lvm("elsewhere"))
    pool = tooled.driver.storage_pool_define_xml(pool_xml("logical", "lv", "<name>vlnone</name>"), 0)
    error = refused(tooled.driver.storage_pool_create, pool, 0)
    assert "cannot find logical volume group name 'vlnone'" in error.message


def test_groups_are_found_with_their_devices(tools: Tools, tooled: Store) -> None:
    tools.play(lvm("vg0"))
    found = tooled.driver.connect_find_storage_pool_sources("logical", None, 0)
    assert found.count("<source>") == 2
    assert "<device path='/dev/sdx1'/>\n    <name>vg0</name>" in found


TARGET = "iqn.2026-01.org.example:disk"
ISCSI = f"<host name='10.9.8.7'/><device path='{TARGET}'/>"


def initiator(session: Path) -> Rules:
    """One target that can be logged in to, as open-iscsi's iscsiadm(8) has it."""
    return [
        {"call": "iscsiadm --mode session", "if": str(session), "prints": f"tcp: [7] 10.9.8.7:3260,1 {TARGET} (x)\n"},
        {"call": "iscsiadm --mode session", "says": "iscsiadm: No active sessions.\n", "status": 21},
        {"call": "iscsiadm .* --op new"},
        {"call": "iscsiadm .* --login", "makes": str(session)},
        {"call": "iscsiadm .* --logout", "removes": str(session)},
        {"call": "iscsiadm --mode session -r 7 -R"},
        {"call": "iscsiadm --mode discovery .*", "prints": f"10.9.8.7:3260,1 {TARGET}\n"},
        {"call": "scsi_id .*", "prints": "36001405abc\n"},
    ]  # fmt: skip


def test_a_target_is_logged_in_to_and_its_units_are_volumes(
    tools: Tools, tooled: Store, in_dev: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, sys, driver = in_dev(), tooled.folder / "sys", tooled.driver
    Path("/dev", disk).write_bytes(bytes(MIB))
    (sys / "session7" / "device" / "target3:0:0").mkdir(parents=True)
    (sys / "devices" / "3:0:0:1" / "block" / disk).mkdir(parents=True)
    (sys / "devices" / "3:0:0:1" / "type").write_text("0\n")
    monkeypatch.setattr(iscsi, "SESSIONS", sys)
    monkeypatch.setattr(scsi_units, "DEVICES", sys / "devices")
    tools.play(initiator(tooled.folder / "logged-in"))
    pool = driver.storage_pool_define_xml(pool_xml("iscsi", "i", ISCSI, "/dev"), 0)
    driver.storage_pool_create(pool, 0)
    (vol,) = driver.storage_pool_list_all_volumes(pool, 0)
    assert (vol.name, vol.key, tooled.capacity(vol)) == ("unit:0:0:1", "36001405abc", MIB)
    assert driver.storage_pool_get_info(pool)[1:] == (MIB, MIB, 0)
    assert (
        "does not support"
        in refused(
            driver.storage_vol_create_xml, pool, "<volume><name>x</name><capacity>1</capacity></volume>", 0
        ).message
    )
    driver.storage_pool_destroy(pool)
    assert not (tooled.folder / "logged-in").exists()


def test_targets_are_found(tools: Tools, tooled: Store) -> None:
    tools.play(initiator(tooled.folder / "logged-in"))
    found = tooled.driver.connect_find_storage_pool_sources("iscsi", "<source><host name='10.9.8.7'/></source>", 0)
    assert f"<device path='{TARGET}'/>" in found


def zfs(made: Path) -> Rules:
    """A pool of 1 GiB, as `zpool get -Hp` and `zfs list -Hp` print it."""
    sizes = (
        "tank\thealth\tONLINE\t-\ntank\tsize\t1073741824\t-\ntank\tfree\t973741824\t-\ntank\tallocated\t100000000\t-\n"
    )
    return [
        {"call": "zpool get .*", "prints": sizes},
        {"call": "zfs list .*", "if": str(made), "prints": "tank/v\t4194304\t4325376\n"},
        {"call": "zfs list .*"},
        {"call": "zfs get", "says": "missing property=value\n  volmode  YES  YES  default | full\n", "status": 2},
        {"call": "zfs create .* tank/full", "says": "cannot create 'tank/full': out of space\n", "status": 1},
        {"call": "zfs create .*", "makes": str(made)},
        {"call": "zfs destroy tank/v", "removes": str(made)},
    ]  # fmt: skip


def test_a_zfs_pool_is_a_pool(tools: Tools, tooled: Store) -> None:
    driver = tooled.driver
    tools.play(zfs(tooled.folder / "made"))
    pool = driver.storage_pool_define_xml(pool_xml("zfs", "tank", "<name>tank</name>"), 0)
    driver.storage_pool_create(pool, 0)
    assert driver.storage_pool_get_info(pool) == (2, 1 << 30, 100000000, 973741824)
    vol = driver.storage_vol_create_xml(pool, "<volume><name>v</name><capacity unit='MiB'>4</capacity></volume>", 0)
    assert tools.calls("zfs create") == ["zfs create -o volmode=dev -V 4096K tank/v"]
    assert tooled.capacity(vol) == 4 * MIB
    full = refused(driver.storage_vol_create_xml, pool, "<volume><name>full</name><capacity>1</capacity></volume>", 0)
    assert "out of space" in full.message
    assert tooled.names(pool) == ["v"]
    driver.storage_vol_delete(vol, 0)
    assert tooled.names(pool) == []


def ceph(made: Path) -> Rules:
    """A RADOS pool, as rbd(8) and ceph(8) print it with `--format json`."""
    usage = {
        "stats": {"total_bytes": 1 << 40, "total_avail_bytes": 1 << 39},
        "pools": [{"name": "rbd", "stats": {"bytes_used": 12345, "max_avail": 1 << 38}}],
    }
    image = {"size": 4 * MIB, "objects": 1, "object_size": 4 * MIB}
    return [
        {"call": "ceph .* df .*", "prints": json.dumps(usage)},
        {"call": "rbd .* ls -l rbd .*", "if": str(made), "prints": json.dumps([{"image": "v", **image}])},
        {"call": "rbd .* ls -l rbd .*", "prints": "[]"},
        {"call": "rbd .* create .* rbd/v", "makes": str(made)},
        {"call": "rbd .* info rbd/v .*", "prints": json.dumps({"name": "v", **image})},
        {"call": "rbd .* rm rbd/v", "removes": str(made)},
    ]


def test_a_pool_of_ceph_is_a_pool(tools: Tools, tooled: Store) -> None:
    driver = tooled.driver
    tools.play(ceph(tooled.folder / "made"))
    source = "<host name='mon' port='6789'/><name>rbd</name>"
    pool = driver.storage_pool_define_xml(pool_xml("rbd", "c", source), 0)
    driver.storage_pool_create(pool, 0)
    assert driver.storage_pool_get_info(pool) == (2, 1 << 40, 12345, 1 << 38)
    vol = driver.storage_vol_create_xml(pool, volume_xml("v", 4 * MIB), 0)
    assert tools.calls("rbd -m mon:6789 create") == ["rbd -m mon:6789 create --size 4096K rbd/v"]
    assert (vol.key, tooled.capacity(vol)) == ("rbd/v", 4 * MIB)
    driver.storage_vol_delete(vol, 0)
    assert tooled.names(pool) == []


def test_a_volume_that_cannot_be_looked_at_when_it_is_made_is_removed(tools: Tools, tooled: Store) -> None:
    driver, xml = tooled.driver, "<volume><name>v</name><capacity unit='MiB'>4</capacity></volume>"
    blind = [*zfs(tooled.folder / "made"), *ceph(tooled.folder / "image")]
    unseen = {"zfs list .*": str(tooled.folder / "made"), "rbd .* info rbd/v .*": None}
    broken = [{"call": call, "if": made, "says": "timed out\n", "status": 1} for call, made in unseen.items()]
    tools.play([{key: value for key, value in rule.items() if value is not None} for rule in broken] + blind)
    for type_, source, undone in (
        ("zfs", "<name>tank</name>", "zfs destroy tank/v"),
        ("rbd", "<name>rbd</name><host name='mon'/>", "rbd"),
    ):
        pool = driver.storage_pool_define_xml(pool_xml(type_, type_, source), 0)
        driver.storage_pool_create(pool, 0)
        assert "timed out" in refused(driver.storage_vol_create_xml, pool, xml, 0).message
        assert tools.calls(undone)[-1].endswith(("destroy tank/v", "rm rbd/v"))
        assert tooled.names(pool) == []


def test_a_tool_that_prints_nonsense_is_told_of(tools: Tools, tooled: Store) -> None:
    tools.play([{"call": "ceph .*", "prints": "Segmentation fault"}])
    source = "<host name='mon'/><name>rbd</name>"
    pool = tooled.driver.storage_pool_define_xml(pool_xml("rbd", "c", source), 0)
    assert "ceph printed something else than JSON" in refused(tooled.driver.storage_pool_create, pool, 0).message
    assert not tooled.driver.storage_pool_is_active(pool)


NFS = "<host name='nas'/><dir path='/export/images'/><format type='nfs'/>"
# As showmount(8) of nfs-utils and gluster(8) print it.
EXPORTS = "/export/images 10.0.0.0/8\n/export/with space (everyone)\n"
_VOLUMES = "<volumes><volume><name>gv0</name></volume></volumes>"
GLUSTER = f"<cliOutput><opRet>0</opRet><volInfo>{_VOLUMES}</volInfo></cliOutput>"


@pytest.mark.parametrize(
    ("source", "call"),
    [
        (NFS, "mount -o nodev,nosuid,noexec -t nfs nas:/export/images {target}"),
        (
            NFS.replace("<format", "<protocol ver='4.2'/><format"),
            "mount -o nodev,nosuid,noexec,nfsvers=4.2 -t nfs nas:/export/images {target}",
        ),
        (
            "<host name='nas'/><dir path='share'/><format type='cifs'/>",
            "mount -o nodev,nosuid,noexec,guest -t cifs //nas/share {target}",
        ),
        (
            "<host name='nas'/><dir path='gv0'/><format type='glusterfs'/>",
            "mount -o nodev,nosuid,noexec,direct-io-mode=1 -t glusterfs nas:gv0 {target}",
        ),
    ],
)
def test_what_a_server_shares_is_mounted_and_let_go_of(
    tools: Tools, tooled: Store, monkeypatch: pytest.MonkeyPatch, source: str, call: str
) -> None:
    target, mounted = tooled.folder / "mnt", tooled.folder / "mounted"
    monkeypatch.setattr(filesystem, "is_mounted", lambda *args: mounted.exists())
    tools.play([{"call": "mount .*", "makes": str(mounted)}, {"call": "umount .*", "removes": str(mounted)}])
    pool = tooled.driver.storage_pool_define_xml(pool_xml("netfs", "n", source, str(target)), 0)
    tooled.driver.storage_pool_build(pool, 0)
    tooled.driver.storage_pool_create(pool, 0)
    assert tools.calls("mount") == [call.format(target=target)]
    tooled.volume(pool, "v")
    tooled.driver.storage_pool_destroy(pool)
    assert tools.calls("umount") == [f"umount {target}"]


def test_a_server_that_refuses_is_told_in_its_own_words(tools: Tools, tooled: Store) -> None:
    tools.play([{"call": "mount .*", "says": "mount.nfs: access denied by server while mounting\n", "status": 32}])
    target = tooled.folder / "mnt"
    pool = tooled.driver.storage_pool_define_xml(pool_xml("netfs", "n", NFS, str(target)), 0)
    tooled.driver.storage_pool_build(pool, 0)
    error = refused(tooled.driver.storage_pool_create, pool, 0)
    assert "unexpected exit status 32: mount.nfs: access denied by server while mounting" in error.message
    assert not tooled.driver.storage_pool_is_active(pool)


def test_what_a_server_exports_is_found(tools: Tools, tooled: Store) -> None:
    tools.play([{"call": "showmount .*", "prints": EXPORTS}, {"call": "gluster .*", "prints": GLUSTER}])
    find = tooled.driver.connect_find_storage_pool_sources
    found = find("netfs", "<source><host name='nas'/></source>", 0)
    assert found.count("<source>") == 3
    for path, format_ in (("/export/images", "nfs"), ("/export/with space", "nfs"), ("gv0", "glusterfs")):
        assert f"<dir path='{path}'/>\n    <format type='{format_}'/>" in found
    tools.play([{"call": "showmount .*", "status": 1}, {"call": "gluster .*", "status": 1}])
    nobody = refused(find, "netfs", "<source><host name='nas'/></source>", 0)
    assert "no storage pools were found on host 'nas'" in nobody.message


def test_what_a_scsi_host_reaches_are_volumes(
    tools: Tools, tooled: Store, in_dev: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, sys = in_dev(), tooled.folder / "sys"
    Path("/dev", disk).write_bytes(bytes(MIB))
    (sys / "hosts" / "host5").mkdir(parents=True)
    for unit, type_ in (("5:0:0:1", "0"), ("5:0:0:2", "1"), ("6:0:0:1", "0")):  # a disk, a tape, another host's
        (sys / "devices" / unit / "block" / disk).mkdir(parents=True)
        (sys / "devices" / unit / "type").write_text(f"{type_}\n")
    monkeypatch.setattr(scsi, "HOSTS", sys / "hosts")
    monkeypatch.setattr(scsi_units, "DEVICES", sys / "devices")
    tools.play([{"call": "scsi_id .*", "prints": "36001405abc\n"}])
    adapter = "<adapter type='scsi_host' name='host5'/>"
    pool = tooled.driver.storage_pool_define_xml(pool_xml("scsi", "s", adapter, "/dev"), 0)
    tooled.driver.storage_pool_create(pool, 0)
    assert (sys / "hosts" / "host5" / "scan").read_text() == "- - -"
    assert tooled.names(pool) == ["unit:0:0:1"]
    assert tooled.driver.storage_pool_get_info(pool)[1:] == (MIB, MIB, 0)


def test_multipath_devices_are_volumes_and_other_mappings_are_not(
    tools: Tools, tooled: Store, in_dev: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, blocks = in_dev(), tooled.folder / "block"
    Path("/dev", name).write_bytes(bytes(MIB))
    for number, (mapped, uuid_) in enumerate((("mpatha", "mpath-36001405abc"), ("vg-root", "LVM-abc"))):
        (blocks / f"dm-{number}" / "dm").mkdir(parents=True)
        (blocks / f"dm-{number}" / "dm" / "uuid").write_text(f"{uuid_}\n")
        (blocks / f"dm-{number}" / "dm" / "name").write_text(f"../{name}\n" if mapped == "mpatha" else mapped)
    monkeypatch.setattr(mpath, "BLOCKS", blocks)
    tools.play([])
    pool = tooled.driver.storage_pool_define_xml(pool_xml("mpath", "m", "", "/dev/mapper"), 0)
    tooled.driver.storage_pool_create(pool, 0)
    assert tooled.names(pool) == ["dm-0"]
    assert tooled.driver.storage_pool_get_info(pool)[1] == MIB
