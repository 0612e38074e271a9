"""What a definition says of containers, in the form that it is written in, and what is refused in libvirt's words."""

from __future__ import annotations

import pytest

from virtloom.errors import VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.labels import with_model
from virtloom.xmldef.domain.rules import DomainRules

RULES = DomainRules(types=("lxc",), arches=("x86_64",), os_types=("exe",))


def container(more: str = "", devices: str = "") -> Domain:
    return RULES.parse(f"""<domain type='lxc'><name>a</name><memory>65536</memory>{more}
      <os><type>exe</type><init>/bin/sh</init></os><devices>{devices}</devices></domain>""")


def written(one: Domain, tag: str) -> list[str]:
    """The lines with an element of that name."""
    return [line.strip() for line in one.format().splitlines() if f"<{tag} " in line or f"<{tag}>" in line]


def card(more: str) -> str:
    return f"<interface type='ethernet'><mac address='52:54:00:00:00:01'/>{more}</interface>"


MAP = "<{0} start='{1}' target='{2}' count='10'/>"
UIDS = MAP.format("uid", 0, 1000)


def test_maps_are_sorted_users_before_groups() -> None:
    entries = MAP.format("gid", 0, 7) + MAP.format("uid", 100, 9) + UIDS
    assert written(container(f"<idmap>{entries}</idmap>"), "uid") == [
        "<uid start='0' target='1000' count='10'/>", "<uid start='100' target='9' count='10'/>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        (UIDS, "uid and gid should be mapped both"),
        (UIDS + MAP.format("gid", 5, 5), "You must map the root user of container"),
        (MAP.format("uid", "x", 5), "invalid idmap start/target/count settings"),
        (MAP.format("uid", 1 << 32, 5), "invalid idmap start/target/count settings"),
        ("<uid start='0'/>", "invalid idmap start/target/count settings"),
    ],
)
def test_maps_that_cannot_be(entries: str, said: str) -> None:
    with pytest.raises(VirtError, match=said):
        container(f"<idmap>{entries}</idmap>")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("<capabilities policy='maybe'/>", "Invalid value for attribute 'policy' in element 'capabilities': 'maybe'."),
        ("<capabilities><chown state='x'/></capabilities>", "attribute 'state' in element 'chown': 'x'."),
        ("<capabilities><fly/></capabilities>", "unexpected capability feature 'fly'"),
    ],
)
def test_capabilities_that_there_are_not(given: str, said: str) -> None:
    with pytest.raises(VirtError, match=said):
        container(f"<features>{given}</features>")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<ip address='10.0.0.2' prefix='24'/>", "<ip address='10.0.0.2' family='ipv4' prefix='24'/>"),
        ("<ip address='FD00::0:2'/>", "<ip address='fd00::2' family='ipv6'/>"),
        ("<ip family='ipv4' address='10.0.0.2' prefix='0'/>", "<ip address='10.0.0.2' family='ipv4'/>"),
    ],
)
def test_an_address_says_its_family(given: str, shown: str) -> None:
    assert written(container(devices=card(given)), "ip") == [shown]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("<ip/>", "Missing required address in <ip>"),
        ("<ip address='10.0.0'/>", "Invalid address '10.0.0' in <ip>"),
        ("<ip address='10.0.0.1' family='ipv6'/>", "Invalid address '10.0.0.1' in <ip>"),
        ("<ip address='10.0.0.1' prefix='33'/>", "Invalid prefix value '33' in <ip>"),
        ("<ip address='10.0.0.1' peer='x'/>", "Invalid peer 'x' in <ip>"),
        ("<route address='10.0.0.0' prefix='8'/>", "guest interface: Missing required gateway attribute"),
        ("<source><ip address='x'/></source>", "Invalid address 'x' in <ip>"),
        ("<source><route gateway='10.0.0.1'/></source>", "interface host IP: Missing required address attribute"),
    ],
)
def test_addresses_that_there_are_not(given: str, said: str) -> None:
    with pytest.raises(VirtError, match=said):
        container(devices=card(given))


def test_limits_of_space_are_in_bytes() -> None:
    limited = "<source dir='/a'/><target dir='/b'/><space_hard_limit unit='KiB'>4</space_hard_limit>"
    shown = written(container(devices=f"<filesystem type='mount'>{limited}</filesystem>"), "space_hard_limit")
    assert shown == ["<space_hard_limit unit='bytes'>4096</space_hard_limit>"]


def label(text: str) -> Node:
    return document.parse(text)


@pytest.mark.parametrize(
    ("model", "given", "shown"),
    [
        ("none", "<seclabel/>", {"type": "none", "model": "none"}),
        ("apparmor", "<seclabel type='dynamic'/>", {"type": "dynamic", "model": "apparmor"}),
        ("none", "<seclabel model='dac'/>", {"model": "dac"}),
    ],
)
def test_a_label_that_names_no_model_is_of_the_hosts(model: str, given: str, shown: dict[str, str]) -> None:
    [made] = with_model([label(given)], model)
    assert made.attrs == shown


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["<seclabel type='static'/>"], "security label is missing"),
        (["<seclabel type='static'><label>a</label></seclabel>"], "missing security model in domain seclabel"),
        (["<seclabel relabel='no'/>"], "dynamic label type must use resource relabeling"),
        (["<seclabel type='none' relabel='yes'/>"], "resource relabeling is not compatible with 'none' label type"),
        (["<seclabel model='dac'/>", "<seclabel model='dac'/>"], "seclabel for model dac is already provided"),
        (["<seclabel/>", "<seclabel model='dac'/>"], "missing security model when using multiple labels"),
    ],
)
def test_labels_that_need_a_model(given: list[str], said: str) -> None:
    with pytest.raises(VirtError, match=said):
        with_model([label(text) for text in given], "none")
