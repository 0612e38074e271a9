"""Definitions: fields are read and written in their order, and a definition never changes."""

from __future__ import annotations

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.definition import Definition, attr, child, children, content, flag, leaf, raw, raws
from virtloom.xmldef.document import Node, parse
from virtloom.xmldef.values import Words, on_off, uint


class Wheel(Definition, tag="wheel"):
    """A wheel."""

    side: str = attr(Words("left", "right"), required=True)
    spare: bool | None = attr(on_off)


class Engine(Definition, tag="engine"):
    """An engine."""

    power: int | None = attr(uint)
    name: str = content(default="")


class Car(Definition, tag="car"):
    """A car."""

    plate: str | None = attr()
    owner: str | None = leaf()
    electric: bool = flag()
    engine: Engine | None = child(Engine)
    wheels: tuple[Wheel, ...] = children(Wheel, "axle/wheel")
    radio: Node | None = raw()
    stickers: tuple[Node, ...] = raws("sticker")


TEXT = """<car plate='A 1'>
  <owner>Ada</owner>
  <electric/>
  <engine power='90'>one</engine>
  <axle>
    <wheel side='left' spare='off'/>
    <wheel side='right'/>
  </axle>
  <radio band='fm'/>
  <sticker>x</sticker>
</car>
"""


def read(text: str) -> Car:
    return Car.read(parse(text))


def test_a_document_becomes_fields() -> None:
    car = read(TEXT)
    assert (car.plate, car.owner, car.electric, car.engine) == ("A 1", "Ada", True, Engine(power=90, name="one"))
    assert [wheel.side for wheel in car.wheels] == ["left", "right"]


def test_fields_are_written_in_the_order_of_their_declaration() -> None:
    assert read(TEXT).format() == TEXT
    shuffled = "<car plate='A 1'><sticker>x</sticker><engine power='90'>one</engine><owner>Ada</owner></car>"
    assert [node.tag for node in read(shuffled).node().children] == ["owner", "engine", "sticker"]


def test_a_boolean_that_is_false_is_written() -> None:
    assert Wheel(side="left", spare=False).format() == "<wheel side='left' spare='off'/>\n"


def test_what_nobody_declared_is_passed_over() -> None:
    assert read("<car colour='red'><towbar/></car>") == Car()


def test_of_several_mistakes_that_of_the_first_field_is_told() -> None:
    with pytest.raises(VirtError, match="attribute 'power'"):
        read("<car><axle><wheel side='middle'/></axle><engine power='much'/></car>")
    with pytest.raises(VirtError, match="required attribute 'side'"):
        read("<car><axle><wheel spare='maybe'/></axle></car>")


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(TypeError):
        Car(colour="red")
    with pytest.raises((TypeError, AttributeError)):
        Car().replace(colour=None)


def test_a_definition_never_changes() -> None:
    car = Car(owner="Ada")
    with pytest.raises(AttributeError):
        car.owner = "Bob"
    with pytest.raises(AttributeError):
        del car.owner
    assert car.replace(owner="Bob").owner == "Bob"
    assert car.owner == "Ada"


def test_a_field_that_does_not_exist_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(TypeError, match="no field wings"):
        Car(wings=2)


def test_an_attribute_that_must_be_there_is_asked_for() -> None:
    with pytest.raises(VirtError) as caught:
        read("<car><axle><wheel/></axle></car>")
    assert caught.value.code is ErrorCode.XML_ERROR
    assert caught.value.message == "XML error: Missing required attribute 'side' in element 'wheel'"


def test_a_value_that_is_none_of_its_kind_is_refused() -> None:
    with pytest.raises(VirtError) as caught:
        read("<car><engine power='many'/></car>")
    assert caught.value.message == (
        "XML error: Invalid value for attribute 'power' in element 'engine': 'many'. "
        "Expected non-negative integer value"
    )
