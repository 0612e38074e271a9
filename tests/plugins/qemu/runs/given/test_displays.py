"""Two starts at the same time never choose the same port, and what a definition says is left as it is."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from virtloom.errors import VirtError
from virtloom.locks import Checker, LockManager, Mode
from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.runs.given.displays import Displays
from virtloom_qemu.settings import Settings


@pytest.fixture
def displays() -> Displays:
    return Displays(Settings(), LockManager("qemu", Checker(Mode.ENFORCE)))


def guest(display: str) -> Domain:
    """A guest with one display."""
    text = f"<domain type='qemu'><name>g</name><devices>{display}</devices></domain>"
    return Domain.read(document.parse(text, "domain_definition"))


FOLDER = Path("/run/guest")
AUTOMATIC = "<graphics type='vnc' port='-1' autoport='yes'/>"


def test_a_port_is_reserved_until_its_guest_listens(displays: Displays) -> None:
    with displays.placed(guest(AUTOMATIC), FOLDER) as one, displays.placed(guest(AUTOMATIC), FOLDER) as two:
        first, second = one.parts.graphics[0].port, two.parts.graphics[0].port
    assert first != second
    with displays.placed(guest(AUTOMATIC), FOLDER) as three:
        assert three.parts.graphics[0].port == first


def test_a_port_that_somebody_listens_at_is_passed_over(displays: Displays) -> None:
    with displays.placed(guest(AUTOMATIC), FOLDER) as made:
        port = made.parts.graphics[0].port or 0
    with socket.create_server(("127.0.0.1", port)), displays.placed(guest(AUTOMATIC), FOLDER) as other:
        assert (other.parts.graphics[0].port or 0) > port


@pytest.mark.parametrize("kind", ["vnc", "spice"])
def test_a_display_listens_at_the_configured_address_unless_it_says_another(displays: Displays, kind: str) -> None:
    said = f"<graphics type='{kind}' port='5998'><listen type='address' address='192.0.2.1'/></graphics>"
    with (
        displays.placed(guest(f"<graphics type='{kind}' port='5999'/>"), FOLDER) as silent,
        displays.placed(guest(said), FOLDER) as loud,
    ):
        assert [(one.listens[0].address, one.port) for one in silent.parts.graphics] == [("127.0.0.1", 5999)]
        assert [(one.listens[0].address, one.port) for one in loud.parts.graphics] == [("192.0.2.1", 5998)]


def test_a_port_that_is_wanted_but_taken_is_refused(displays: Displays) -> None:
    wanted = guest("<graphics type='vnc' port='5997'/>")
    with (
        displays.placed(wanted, FOLDER),
        pytest.raises(VirtError, match="Failed to reserve port 5997"),
        displays.placed(wanted, FOLDER),
    ):
        raise AssertionError("it was given twice")
    with displays.placed(wanted, FOLDER) as made:
        assert made.parts.graphics[0].port == 5997


def test_a_socket_without_a_place_is_in_the_folder_of_its_run(displays: Displays) -> None:
    with displays.placed(guest("<graphics type='vnc'><listen type='socket'/></graphics>"), FOLDER) as made:
        [one] = made.parts.graphics
    assert (one.socket, one.listens[0].socket) == ("/run/guest/vnc.sock", "/run/guest/vnc.sock")
