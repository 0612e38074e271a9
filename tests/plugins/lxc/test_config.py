"""What liblxc is told of a definition: pairs of what a document says and the lines that come of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from virtloom.driver.cgroups import Hierarchy
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.config import Prepared, configuration, portable_lines
from virtloom_lxc.container.places import Places
from virtloom_lxc.links.inside import Inside
from virtloom_lxc.rules import RULES

LEGACY = Hierarchy({name: Path(f"/cg/{name}") for name in ("memory", "cpu", "cpuset", "blkio", "devices", "freezer")})
UNIFIED = Hierarchy({}, Path("/cg"), frozenset({"memory", "cpu", "cpuset", "io"}))
PLACES = Places(Path("/run/c"), "guest", Path("/log"))


def domain(os: str = "", more: str = "", devices: str = "") -> Domain:
    return RULES.parse(f"""<domain type='lxc'><name>guest</name><uuid>d1d1d1d1-0001-4000-8000-000000000001</uuid>
      <memory unit='KiB'>65536</memory>{more}<os><type>exe</type><init>/sbin/init</init>{os}</os>
      <devices><filesystem type='mount'><source dir='/srv/root'/><target dir='/'/></filesystem>
      <console type='pty'/>{devices}</devices></domain>""")


def lines(one: Domain, hierarchy: Hierarchy = LEGACY, **prepared: object) -> list[str]:
    made = Prepared(PLACES, hierarchy, "machine/guest", "machine/guest.monitor", **prepared)  # type: ignore[arg-type]
    return configuration(one, made).splitlines()


def mounted(kind: str, source: str, target: str = "/mnt/a", more: str = "") -> str:
    return f"<filesystem type='{kind}'><source {source}/><target dir='{target}'/>{more}</filesystem>"


IDMAP = "<idmap><uid start='0' target='1000' count='9'/><gid start='0' target='2000' count='9'/></idmap>"
HARD = "<space_hard_limit unit='KiB'>{}</space_hard_limit>"
PAIRS = {
    "name": ({}, "lxc.uts.name = guest"),
    "root": ({}, "lxc.rootfs.path = dir:/srv/root"),
    "group": ({}, "lxc.cgroup.dir.container = machine/guest"),
    "uuid": ({}, "lxc.environment = LIBVIRT_LXC_UUID=d1d1d1d1-0001-4000-8000-000000000001"),
    "folder": ({"os": "<initdir>/srv</initdir>"}, "lxc.init.cwd = /srv"),
    "user": ({"os": "<inituser>7</inituser><initgroup>8</initgroup>"}, "lxc.init.uid = 7"),
    "environment": ({"os": "<initenv name='A'>b c</initenv>"}, "lxc.environment = A=b c"),
    "idmap": ({"more": IDMAP}, "lxc.idmap = u 0 1000 9"),
    "bind": ({"devices": mounted("mount", "dir='/'")}, "lxc.mount.entry = / mnt/a none bind,create=dir 0 0"),
    "readonly": ({"devices": mounted("mount", "dir='/'", more="<readonly/>")},
                 "lxc.mount.entry = / mnt/a none bind,create=dir,ro 0 0"),
    "ram": ({"devices": mounted("ram", "usage='1024' units='KiB'")},
            "lxc.mount.entry = tmpfs mnt/a tmpfs nosuid,nodev,size=1024k,create=dir 0 0"),
    "limited": ({"devices": mounted("ram", "usage='1024' units='KiB'", more=HARD.format(512))},
                "lxc.mount.entry = tmpfs mnt/a tmpfs nosuid,nodev,size=512k,create=dir 0 0"),
    "limited by its size": ({"devices": mounted("ram", "usage='256' units='KiB'", more=HARD.format(512))},
                            "lxc.mount.entry = tmpfs mnt/a tmpfs nosuid,nodev,size=256k,create=dir 0 0"),
    "spaces": ({"devices": mounted("ram", "usage='1' units='KiB'", "/mnt/a b")},
               "lxc.mount.entry = tmpfs mnt/a\\040b tmpfs nosuid,nodev,size=1k,create=dir 0 0"),
    "own": ({"devices": mounted("bind", "dir='/srv'")},
            "lxc.mount.entry = /run/c/guest/root/srv mnt/a none bind,create=dir 0 0"),
    "memory": ({}, "lxc.cgroup.memory.limit_in_bytes = 65536K"),
    "shares": ({"more": "<cputune><shares>512</shares></cputune>"}, "lxc.cgroup.cpu.shares = 512"),
    "apparmor": ({"more": "<seclabel type='static' model='apparmor'><label>own</label></seclabel>"},
                 "lxc.apparmor.profile = own"),
}  # fmt: skip


@pytest.mark.parametrize("case", PAIRS)
def test_what_is_said_comes_out_as_a_line(case: str) -> None:
    parts, line = PAIRS[case]
    assert line in lines(domain(**parts))


def test_version_two_has_names_of_its_own() -> None:
    told = lines(domain(more="<cputune><period>100000</period><quota>50000</quota></cputune>"), UNIFIED)
    assert "lxc.cgroup2.memory.max = 65536K" in told
    assert "lxc.cgroup2.cpu.max = 50000 100000" in told
    assert not any(line.startswith("lxc.cgroup.memory") for line in told)


def test_no_links_are_an_empty_network_and_none_the_hosts() -> None:
    assert "lxc.net.0.type = empty" in lines(domain(), links=())
    assert "lxc.net.0.type = none" in lines(domain(), links=None)
    shared = lines(domain(), links=None, shared={"net": 7})
    assert "lxc.namespace.share.net = /proc/self/fd/7" in shared
    assert not any(line.startswith("lxc.net.") for line in shared)


def test_settings_of_a_network_that_is_the_hosts_are_only_read() -> None:
    readonly = "lxc.mount.entry = /run/c/guest/root/proc/sys proc/sys none bind,ro,optional 0 0"
    assert readonly in lines(domain(), links=None)
    assert readonly not in lines(domain(), links=())


def test_mapped_users_on_the_hosts_network_have_its_sys_bound() -> None:
    bound = "lxc.mount.entry = /sys sys none rbind,ro,nosuid,nodev,noexec,create=dir 0 0"
    assert bound in lines(domain(more=IDMAP), links=None)
    assert not {bound} & {*lines(domain(more=IDMAP), links=()), *lines(domain(), links=None)}


def test_a_link_is_told_with_its_addresses() -> None:
    link = Inside("vnet1", "eth0", addresses=(("10.0.0.2", 24), ("fd00::2", 64)), gateways=("10.0.0.1",))
    told = [line for line in lines(domain(), links=(link,)) if line.startswith("lxc.net.0.")]
    assert [line.removeprefix("lxc.net.0.") for line in told] == [
        "type = phys", "link = vnet1", "name = eth0", "flags = up", "ipv4.address = 10.0.0.2/24 10.0.0.255",
        "ipv6.address = fd00::2/64", "ipv4.gateway = 10.0.0.1",
    ]  # fmt: skip


def test_routes_are_set_by_a_hook_before_the_one_that_tells_of_the_boot() -> None:
    link = Inside("vnet1", "eth0", routes=(("10.9.0.0/16", "10.0.0.1", 1),))
    hooks = [line for line in lines(domain(), links=(link,)) if line.startswith("lxc.hook")]
    assert "virtloom_lxc.links.apply" in hooks[0]
    assert "10.9.0.0/16" in hooks[0]
    assert "boots" in hooks[1]
    assert len([line for line in lines(domain()) if line.startswith("lxc.hook")]) == 1


@pytest.mark.parametrize("name", ["it's", 'a "quoted" $one', "back\\slash `x`"])
def test_a_hook_writes_to_the_file_that_is_meant_whatever_its_name(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    made = Prepared(Places(tmp_path, name, tmp_path / "log"), LEGACY, "group", "controller")
    hook = next(line for line in configuration(domain(), made).splitlines() if line.startswith("lxc.hook"))
    subprocess.run(hook.partition(" = ")[2] + " more words", shell=True, check=True, env={"LXC_PID": "77"})
    assert (folder / "boots").read_text() == "77\n"


def test_devices_are_denied_before_any_is_allowed() -> None:
    devices = [line for line in lines(domain()) if "devices." in line]
    assert devices[0] == "lxc.cgroup.devices.deny = a"
    assert "lxc.cgroup.devices.allow = c 1:3 rwm" in devices


@pytest.mark.parametrize(
    ("filesystem", "said"),
    [
        (mounted("template", "name='debian'"), r"filesystem type template: make a root of a template with lxc-create"),
        (mounted("volume", "pool='p' volume='v'"), "filesystem type volume: give the volume's path"),
        (mounted("mount", "dir='/srv'", more=HARD.format(4)), "quotas are not supported for this filesystem type"),
        (mounted("ram", "usage='4'", more=HARD.replace("hard", "soft").format(4)), "quotas are not supported"),
        (mounted("file", "file='/a'", more="").replace("<source", "<driver type='nbd' format='qcow2'/><source"),
         "a container's image is raw"),
    ],
)  # fmt: skip
def test_file_systems_that_a_container_cannot_have_are_refused(filesystem: str, said: str) -> None:
    with pytest.raises(VirtError, match=said):
        lines(domain(devices=filesystem))


def test_a_setting_cannot_smuggle_in_a_second_line() -> None:
    with pytest.raises(VirtError) as caught:
        lines(domain(os="<initenv name='A'>b\nlxc.rootfs.path = dir:/</initenv>"))
    assert caught.value.code is ErrorCode.CONFIG_UNSUPPORTED


def test_what_is_carried_elsewhere_says_nothing_of_this_run() -> None:
    told = portable_lines(domain(os="<initarg>one</initarg>"), LEGACY)
    assert told[0] == "lxc.init.cmd = /sbin/init one"
    assert not [line for line in told if line.startswith(("lxc.cgroup.dir", "lxc.rootfs.mount", "lxc.hook"))]
    with pytest.raises(VirtError, match="an argument of init that has a space"):
        portable_lines(domain(os="<initarg>one two</initarg>"), LEGACY)
