"""What many definitions have in common is one object."""

from __future__ import annotations

import pytest

from virtloom.xmldef import sharing
from virtloom.xmldef.definition import Definition, attr, child, children, leaf, raw
from virtloom.xmldef.document import Node, parse, write
from virtloom.xmldef.sharing import share
from virtloom.xmldef.values import Number


class Part(Definition, tag="part"):
    name: str | None = attr()
    size: int | None = attr(Number())


class Middle(Definition, tag="middle"):
    part: Part | None = child(Part)


class Whole(Definition, tag="whole"):
    title: str | None = leaf()
    middle: Middle | None = child(Middle)
    parts: tuple[Part, ...] = children(Part, "part")
    middles: tuple[Middle, ...] = children(Middle, "middles/middle")
    kept: Node | None = raw("kept")


def whole(title: str, name: str = "a") -> Whole:
    part = f"<part name='{name}' size='1'/>"
    return Whole.read(parse(f"<whole><title>{title}</title><middle>{part}</middle>{part}</whole>"))


def test_parts_that_are_equal_become_one_and_the_whole_stays_as_it_was() -> None:
    one, two = (share(whole(f"the title of number {n}")) for n in range(2))
    assert one == whole("the title of number 0")
    assert one != two
    assert one.middle is two.middle
    assert one.parts is two.parts
    assert one.middle is not None
    assert one.middle.part is one.parts[0]


def test_parts_of_what_is_one_of_several_and_of_its_own_are_shared_too() -> None:
    def told(n: int) -> Whole:
        own = f"<middle><part name='{n} that only this one has'/></middle>"
        same = "<middle><part name='a'/></middle>"
        return share(Whole.read(parse(f"<whole><middles>{own}{same}</middles></whole>")))

    one, two = told(1), told(2)
    assert one.middles[0] != two.middles[0]
    assert one.middles[1] is two.middles[1]


KEPT = "<kept a='1' b='{own}'><one/><two x='y'>text</two></kept>"


def kept(own: str, lines: int = 0) -> Node:
    whole = share(Whole.read(parse("\n" * lines + f"<whole>{KEPT.format(own=own)}</whole>")))
    assert whole.kept is not None
    return whole.kept


def test_elements_that_are_kept_as_they_stand_are_shared() -> None:
    assert kept("2") is kept("2", lines=3)
    assert write(kept("2")) == write(parse(KEPT.format(own="2")))


def test_elements_with_something_of_their_own_share_what_is_in_them() -> None:
    one, two = kept("a value that only one has"), kept("a value that only the other has")
    assert one != two
    assert [inner is other for inner, other in zip(one.children, two.children, strict=True)] == [True, True]


@pytest.mark.parametrize("other", ["<kept b='2' a='1'/>", "<kept a='2' b='1'/>", "<kept a='1'>b</kept>", "<kept/>"])
def test_elements_that_are_written_otherwise_are_not_the_same(other: str) -> None:
    found = [share(Whole.read(parse(f"<whole>{text}</whole>"))).kept for text in ("<kept a='1' b='2'/>", other)]
    assert found[1] is not None
    assert found[0] is not found[1]
    assert write(found[1]) == write(parse(other))


def test_what_differs_stays_apart() -> None:
    one, two = share(whole("x", "a")), share(whole("x", "b"))
    assert one.middle != two.middle
    assert [part.name for part in (*one.parts, *two.parts)] == ["a", "b"]


def test_a_number_is_not_its_truth() -> None:
    assert share(Part(size=1)) == Part(size=1)
    assert share(Part(size=True)).size is True


def test_parts_with_long_texts_are_nobody_elses() -> None:
    long = "/a/path/that/only/one/has"
    before = len(sharing._parts)
    assert share(Part(name=long)) == Part(name=long)
    assert len(sharing._parts) == before


def test_the_memory_has_a_bound() -> None:
    for number in range(2 * sharing.PARTS):
        share(Part(size=number))
    assert len(sharing._parts) <= sharing.PARTS
