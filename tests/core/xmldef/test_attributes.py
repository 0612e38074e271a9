"""What attributes may hold: mistakes in one are told in libvirt's words, before anything else is said of a document."""

from __future__ import annotations

import pytest
from guests import guest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.attributes.kinds import INT, ULONG, flags, must, number, told, word
from virtloom.xmldef.domain.attributes.tree import Element

DISK = "<disk type='file'><source file='/a'/><target dev='hda'/>{}</disk>"
NET = "<interface type='user'>{}</interface>"
UNSIGNED = "Expected non-negative integer value"

# A device, and what is said of it: the error's code and domain, and the message after the code's own words.
REFUSED: dict[str, tuple[str, ErrorCode, ErrorDomain, str]] = {
    "a word that there is not": (
        DISK.format("<driver cache='lots'/>"), ErrorCode.XML_ERROR, ErrorDomain.XML,
        "Invalid value for attribute 'cache' in element 'driver': 'lots'.",
    ),
    "no number": (
        DISK.format("<address type='drive' unit='x'/>"), ErrorCode.XML_ERROR, ErrorDomain.XML,
        f"Invalid value for attribute 'unit' in element 'address': 'x'. {UNSIGNED}",
    ),
    "zero where there is none": (
        DISK.format("<boot order='0'/>"), ErrorCode.XML_ERROR, ErrorDomain.XML,
        "Invalid value for attribute 'order' in element 'boot': Zero is not permitted",
    ),
    "what has to be there": (
        "<graphics type='spice'><streaming/></graphics>", ErrorCode.XML_ERROR, ErrorDomain.XML,
        "Missing required attribute 'mode' in element 'streaming'",
    ),
    "an attribute with words of its own": (
        "<input type='joystick'/>", ErrorCode.CONFIG_UNSUPPORTED, ErrorDomain.DOMAIN,
        "unknown input device type 'joystick'",
    ),
    "an image behind another": (
        DISK.format("<backingStore type='file'><format type='qcow2'/><source file='/b'/>"
                    "<backingStore type='tape'/></backingStore>"),
        ErrorCode.XML_ERROR, ErrorDomain.DOMAIN, "unknown storage source type 'tape'",
    ),
    "an address's type": (
        NET.format("<address type='moon'/>"), ErrorCode.CONFIG_UNSUPPORTED, ErrorDomain.DOMAIN,
        "unknown address type 'moon'",
    ),
    "a model that only its type of controller has": (
        "<controller type='usb' model='lsilogic'/>", ErrorCode.CONFIG_UNSUPPORTED, ErrorDomain.DOMAIN,
        "Unknown model type 'lsilogic'",
    ),
    "a driver of a virtio interface": (
        NET.format("<model type='virtio'/><driver txmode='now'/>"), ErrorCode.XML_ERROR, ErrorDomain.XML,
        "Invalid value for attribute 'txmode' in element 'driver': 'now'.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_is_refused(case: str) -> None:
    devices, code, domain, detail = REFUSED[case]
    with pytest.raises(VirtError) as refused:
        guest(devices)
    assert (refused.value.code, refused.value.domain) == (code, domain)
    assert refused.value.detail == detail


@pytest.mark.parametrize(
    "devices",
    [
        NET.format("<model type='e1000'/><driver txmode='now'/>"),  # not read: it is no virtio device
        "<graphics type='vnc'><streaming mode='x'/></graphics>",  # not read: it is no SPICE display
        DISK.format("<driver name='qemu' type='raw' cache='default'/>"),
    ],
)
def test_what_is_not_read_is_not_refused(devices: str) -> None:
    assert guest(devices)


def test_mistakes_of_the_guest_are_told_before_those_of_its_devices() -> None:
    with pytest.raises(VirtError, match="'sundial'"):
        guest(DISK.format("<driver cache='lots'/>"), more="<clock><timer name='sundial'/></clock>")


class TestRules:
    def test_of_a_path_are_only_for_the_elements_that_it_says(self) -> None:
        tree = Element()
        tree.extend({"a[type=|x]/b": (word("c", "1 2"),)})
        for kind, value in ((None, "1"), ("x", "2"), ("y", "3")):
            node = Node("root")
            node.add("a", {} if kind is None else {"type": kind}).add("b", {"c": value})
            tree.check(node)
        node = Node("root")
        node.add("a").add("b", {"c": "3"})
        with pytest.raises(VirtError):
            tree.check(node)

    def test_of_an_element_within_itself_hold_at_any_depth(self) -> None:
        tree = Element()
        tree.extend({"a/b": flags("on")})
        tree.repeat("a/b")
        node = Node("root")
        node.add("a").add("b").add("b").add("b", {"on": "perhaps"})
        with pytest.raises(VirtError):
            tree.check(node)

    def test_with_words_of_their_own_tell_what_is_missing(self) -> None:
        rule = told(word("type", "a"), "no {}", missing="nothing", missing_code=ErrorCode.XML_ERROR)
        with pytest.raises(VirtError) as refused:
            rule.check(Node("x"))
        assert (refused.value.code, refused.value.detail) == (ErrorCode.XML_ERROR, "nothing")

    @given(st.integers(*INT))
    def test_take_every_number_of_their_span(self, value: int) -> None:
        must(number("n", INT))[0].check(Node("x", {"n": str(value)}))

    @given(st.integers(0, ULONG[1]))
    def test_take_what_the_first_digits_say(self, value: int) -> None:
        rule = number("n", ULONG, base=0)
        for text in (f"{value:#x}", f"0{value:o}", str(value)):
            rule.check(Node("x", {"n": text}))

    @pytest.mark.parametrize("text", ["", "x", "1x", "0x1", "-1", "4294967296", "1 ", "1.0", "\N{SUPERSCRIPT TWO}"])
    def test_refuse_what_is_no_number_of_their_span(self, text: str) -> None:
        with pytest.raises(VirtError, match=UNSIGNED):
            number("n").check(Node("x", {"n": text}))
