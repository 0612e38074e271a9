"""What many definitions have in common is one object."""

from __future__ import annotations

from virtloom.xmldef import sharing
from virtloom.xmldef.definition import Definition, attr, child, children, leaf
from virtloom.xmldef.document import parse
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
