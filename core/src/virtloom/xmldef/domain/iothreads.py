"""A guest's threads for the I/O of its disks: their numbers, and where they may run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Controller, Disk
from virtloom.xmldef.domain.processors import Cpus, pins_of, with_pin, without_pin

PIN = ("iothreadpin", "iothread")


def thread_ids(definition: Domain) -> list[int]:
    """The numbers of a definition's threads; those that nobody numbered have the lowest that are free."""
    listed = definition.iothreadids
    given = [] if listed is None else [int(one.get("id") or 0) for one in listed.all("iothread")]
    number = 1
    while len(given) < (definition.iothreads or 0):
        if number not in given:
            given.append(number)
        number += 1
    return given


def with_thread(definition: Domain, number: int) -> Domain:
    """A definition with one thread more.

    :raises VirtError: INVALID_ARG if it has one of that number.
    """
    if number in thread_ids(definition):
        detail = f"an IOThread is already using iothread_id '{number}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)
    return with_threads(definition, [*thread_ids(definition), number])


def without_thread(definition: Domain, number: int) -> Domain:
    """A definition with one thread less, and nothing pinned for it.

    :raises VirtError: INVALID_ARG if it has none of that number, or a disk or a controller uses it.
    """
    require_thread(definition, number)
    _refuse_used(definition, str(number))
    kept = [one for one in thread_ids(definition) if one != number]
    made = without_pin(with_threads(definition, kept), PIN[0], {PIN[1]: str(number)})
    listed = made.iothreadids.children if made.iothreadids is not None else []
    plain = kept == list(range(1, len(kept) + 1)) and all(len(one.attrs) == 1 for one in listed)
    return made.replace(iothreadids=None) if plain else made  # they are numbered so by themselves


def _refuse_used(definition: Domain, number: str) -> None:
    def uses(one: Disk | Controller) -> bool:
        return one.driver is not None and one.driver.get("iothread") == number

    disk = next((one for one in definition.parts.disks if uses(one)), None)
    if disk is not None:
        detail = f"cannot remove IOThread {number} since it is being used by disk '{disk.name}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)
    if any(uses(one) for one in definition.parts.controllers):
        detail = f"cannot remove IOThread '{number}' since it is being used by controller"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)


def require_thread(definition: Domain, number: int) -> None:
    """Refuse a thread that there is not.

    :raises VirtError: INVALID_ARG.
    """
    if number not in thread_ids(definition):
        detail = f"cannot find IOThread '{number}' in iothreadids list"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)


def with_threads(definition: Domain, numbers: Sequence[int]) -> Domain:
    """A definition with threads of these numbers; what is said of one stays."""
    if not numbers:
        return definition.replace(iothreads=None, iothreadids=None)
    listed = definition.iothreadids
    known = {} if listed is None else {int(one.get("id") or 0): one for one in listed.all("iothread")}
    ids = Node("iothreadids")
    ids.children = [known.get(number) or Node("iothread", {"id": str(number)}) for number in numbers]
    return definition.replace(iothreads=len(numbers), iothreadids=ids)


def with_pool(definition: Domain, number: int, sizes: Mapping[str, int]) -> Domain:
    """A definition whose thread has a pool of so many others (`thread_pool_min`, `thread_pool_max`); -1 is no limit."""
    ids = Node("iothreadids")
    listed = definition.iothreadids
    known = {} if listed is None else {int(one.get("id") or 0): one.attrs for one in listed.all("iothread")}
    for one in thread_ids(definition):
        attrs = dict(known.get(one, {"id": str(one)}))
        if one == number:
            attrs |= {name: str(size) for name, size in sizes.items()}
            attrs = {name: text for name, text in attrs.items() if text != "-1"}
        ids.add("iothread", attrs)
    return definition.replace(iothreadids=ids, iothreads=len(ids.children))


def thread_pins(definition: Domain) -> dict[int, Cpus]:
    """Where threads are pinned."""
    return pins_of(definition, *PIN)


def with_thread_pin(definition: Domain, number: int, where: Cpus) -> Domain:
    """A definition whose thread is pinned."""
    return with_pin(definition, PIN[0], {PIN[1]: str(number)}, where)
