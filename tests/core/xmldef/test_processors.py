"""Processors by number, their order, and pins in `<cputune>`."""

from __future__ import annotations

from virtloom.xmldef import document
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.iothreads import thread_ids, with_thread, without_thread
from virtloom.xmldef.domain.processors import (
    Processor,
    pins_of,
    processors,
    vcpus_now,
    with_pin,
    with_processors,
    without_pin,
)


def domain(inner: str) -> Domain:
    return Domain.read(document.parse(f"<domain type='qemu'><name>x</name><memory>1</memory>{inner}</domain>"))


def test_the_first_are_there_unless_each_is_told_by_itself() -> None:
    assert [one.online for one in processors(domain("<vcpu current='1'>3</vcpu>"))] == [True, False, False]
    listed = (
        "<vcpus><vcpu id='0' enabled='yes' order='1'/><vcpu id='1' enabled='no'/><vcpu id='2' enabled='yes'/></vcpus>"
    )
    assert [one.online for one in processors(domain(f"<vcpu current='2'>3</vcpu>{listed}"))] == [True, False, True]


def test_processors_that_are_told_are_read_again_as_they_were() -> None:
    every = [Processor(True, False, 1), Processor(True, True, 2), Processor(False, True)]
    made = with_processors(domain("<vcpu>3</vcpu>"), every, listed=True)
    assert processors(made) == every
    assert vcpus_now(made) == 2


def test_a_pin_takes_the_place_of_the_one_before_it() -> None:
    made = with_pin(domain("<cputune><shares>5</shares></cputune>"), "vcpupin", {"vcpu": "1"}, frozenset({0, 1}))
    made = with_pin(made, "vcpupin", {"vcpu": "0"}, frozenset({2}))
    made = with_pin(made, "vcpupin", {"vcpu": "1"}, frozenset({3}))
    assert pins_of(made) == {0: {2}, 1: {3}}
    assert made.cputune is not None
    assert [node.tag for node in made.cputune.children] == ["shares", "vcpupin", "vcpupin"]
    assert pins_of(without_pin(made, "vcpupin", {"vcpu": "0"})) == {1: {3}}


def test_threads_that_nobody_numbered_have_the_lowest_numbers() -> None:
    made = domain("<iothreads>2</iothreads><iothreadids><iothread id='1'/></iothreadids>")
    assert thread_ids(made) == [1, 2]
    more = with_thread(made, 9)
    assert thread_ids(more) == [1, 2, 9]
    assert without_thread(more, 9).iothreadids is None
