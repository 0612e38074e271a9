"""No container has the host's root. Nothing is started here: the checks are called, or virsh is refused.

Where virsh is used the init does not exist, so that not even a refusal which failed could start anything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from containers import require_containers
from daemons import Daemon, Virsh
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom_lxc.container.root.init import check_init
from virtloom_lxc.container.root.paths import inside
from virtloom_lxc.container.root.rootfs import check_roots
from virtloom_lxc.rules import RULES

NO_INIT = "/there/is/no/such/init"


def filesystem(source: Path | str, target: str = "/", kind: str = "mount") -> str:
    attribute = {"block": "dev", "file": "file"}.get(kind, "dir")
    return f"<filesystem type='{kind}'><source {attribute}='{source}'/><target dir='{target}'/></filesystem>"


def document(*filesystems: str, init: str = NO_INIT) -> str:
    return f"""<domain type='lxc'><name>vtrootless</name><memory unit='KiB'>65536</memory>
      <os><type>exe</type><init>{init}</init></os><features><privnet/></features>
      <devices>{"".join(filesystems)}<console type='pty'/></devices></domain>"""


def domain(*filesystems: str, init: str = NO_INIT) -> Domain:
    return RULES.parse(document(*filesystems, init=init))


def refused(*filesystems: str) -> VirtError:
    with pytest.raises(VirtError) as caught:
        check_roots(domain(*filesystems), allow_host_root=False)
    return caught.value


@pytest.fixture
def ways(tmp_path: Path) -> dict[str, str]:
    """Paths that all lead to the host's root."""
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "chain").symlink_to("link")
    ups = "/.." * len(tmp_path.parts)
    return {
        "plain": "/", "twice": "//", "dot": "/.", "above": "/..", "up": f"{tmp_path}{ups}",
        "link": f"{tmp_path}/link", "chain": f"{tmp_path}/chain", "through": f"{tmp_path}/link/.",
        "proc": "/proc/self/root",
    }  # fmt: skip


def test_a_domain_without_a_root_is_refused() -> None:
    error = refused()
    assert error.code is ErrorCode.CONFIG_UNSUPPORTED
    assert "has no filesystem with the target '/', so it would share the host's root" in str(error)
    assert "allow_host_root = true" in str(error)


def test_a_filesystem_elsewhere_is_no_root(tmp_path: Path) -> None:
    assert "no filesystem with the target '/'" in str(refused(filesystem(tmp_path, "/mnt")))


@pytest.mark.parametrize("way", ["plain", "twice", "dot", "above", "up", "link", "chain", "through", "proc"])
def test_a_source_that_leads_to_the_hosts_root_is_refused(ways: dict[str, str], way: str) -> None:
    error = refused(filesystem(ways[way]))
    assert error.code is ErrorCode.CONFIG_UNSUPPORTED
    assert f"the root filesystem '{ways[way]}' of domain 'vtrootless' is the host's root" in str(error)


@pytest.mark.parametrize("target", ["//", "/.", "/mnt/..", "/../", "///."])
def test_a_target_that_leads_to_the_root_by_a_detour_is_the_root(target: str) -> None:
    assert "is the host's root" in str(refused(filesystem("/", target)))


def test_a_second_root_does_not_hide_behind_a_first(tmp_path: Path) -> None:
    check_roots(domain(filesystem(tmp_path)), allow_host_root=False)
    assert "is the host's root" in str(refused(filesystem(tmp_path), filesystem("/", "//")))


def test_a_root_bound_from_inside_is_the_hosts() -> None:
    assert "is the host's root" in str(refused(filesystem("/tmp", kind="bind")))


@pytest.mark.parametrize("allow_host_root", [False, True])
def test_a_root_in_memory_is_refused_whatever_is_allowed(allow_host_root: bool) -> None:
    empty = "<filesystem type='ram'><source usage='1024'/><target dir='/'/></filesystem>"
    with pytest.raises(VirtError, match="of type 'ram', which is empty and has no init"):
        check_roots(domain(empty), allow_host_root=allow_host_root)


def test_a_root_of_its_own_is_not_refused(tmp_path: Path) -> None:
    check_roots(domain(filesystem(tmp_path)), allow_host_root=False)


def test_the_setting_lifts_the_refusal(ways: dict[str, str]) -> None:
    check_roots(domain(), allow_host_root=True)
    for way in ways.values():
        check_roots(domain(filesystem(way)), allow_host_root=True)


def test_a_root_that_is_missing_or_no_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert f"Failed to access '{tmp_path}/nowhere': No such file or directory" in str(
        refused(filesystem(tmp_path / "nowhere"))
    )
    assert "is not a directory" in str(refused(filesystem(tmp_path / "file")))


def test_an_init_is_looked_for_inside_the_root_alone(tmp_path: Path) -> None:
    (tmp_path / "bin").symlink_to("/usr")
    (tmp_path / "out").symlink_to("../../../../../../../../bin")
    (tmp_path / "round").symlink_to("round")
    assert inside(tmp_path, "/bin/env") is None
    assert inside(tmp_path, "/out/env") is None
    assert inside(tmp_path, "/round") is None
    (tmp_path / "usr").mkdir()
    (tmp_path / "usr" / "init").touch()
    assert inside(tmp_path, "/bin/init") == tmp_path / "usr" / "init"
    with pytest.raises(VirtError, match="init path '/bin/init' is not executable"):
        check_init(domain(filesystem(tmp_path), init="/bin/init"), tmp_path)
    with pytest.raises(VirtError, match="cannot find init path '/bin/sh' relative to container root"):
        check_init(domain(filesystem(tmp_path), init="/bin/sh"), tmp_path)


def test_virsh_is_told_and_nothing_is_left(daemon: Daemon, scratch: Path, tmp_path: Path) -> None:
    require_containers()
    lxc, path = Virsh(daemon.uri("lxc", "/system")), scratch / "guest.xml"
    (tmp_path / "link").symlink_to("/")
    for filesystems, words in (
        ((), "would share the host's root"),
        ((filesystem("/"),), "is the host's root"),
        ((filesystem(tmp_path / "link"),), "is the host's root"),
    ):
        path.write_text(document(*filesystems))
        assert words in lxc.fails("create", str(path))
        lxc("define", str(path))
        assert words in lxc.fails("start", "vtrootless")
        assert lxc("domstate", "vtrootless") == "shut off"
        lxc("undefine", "vtrootless")
    assert not list((scratch / "run").glob("**/vtrootless*"))
