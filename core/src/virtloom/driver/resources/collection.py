"""Networks, pools and what else a resource driver keeps by uuid and name: found as libvirt finds them, or refused."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVar
from uuid import UUID

from virtloom.driver.collections import Collection
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, LockManager, ObjectType

S = TypeVar("S")


class Handle(Protocol):
    """How a client names one of them."""

    @property
    def name(self) -> str:
        """Its name, shown only."""

    @property
    def uuid(self) -> bytes:
        """Its uuid, which tells it."""


class Noun(NamedTuple):
    """What one of them is called, and the error for one that there is not.

    :ivar what: in whole, such as "storage pool"; :ivar kind: where libvirt is short, such as "pool".
    """

    what: str
    kind: str
    code: ErrorCode
    domain: ErrorDomain


class Resources(Collection[S]):
    """A collection whose objects publish snapshots of themselves, by which all that is asked about them is answered.

    One that was only just made and has published nothing is not there yet.

    :ivar noun: what one of them is called.
    """

    def __init__(self, locks: LockManager, object_type: ObjectType, noun: Noun) -> None:
        super().__init__(locks, object_type)
        self.noun = noun

    def need(self, handle: Handle) -> Guarded[S]:
        """The object of a handle, by its uuid alone.

        :raises VirtError: with the noun's code.
        """
        return self._there(self.find(handle.uuid), f"uuid '{UUID(bytes=handle.uuid)}' ({handle.name})")

    def need_uuid(self, uuid: bytes) -> Guarded[S]:
        """The object of a uuid.

        :raises VirtError: with the noun's code.
        """
        return self._there(self.find(uuid), f"uuid '{UUID(bytes=uuid)}'")

    def need_name(self, name: str) -> Guarded[S]:
        """The object of a name.

        :raises VirtError: with the noun's code.
        """
        return self._there(self.find_name(name), f"name '{name}'")

    def _there(self, found: Guarded[S] | None, asked: str) -> Guarded[S]:
        if found is None or found.published is None:
            raise VirtError(self.noun.code, f"no {self.noun.what} with matching {asked}", self.noun.domain)
        return found

    def views(self) -> list[Any]:
        """The snapshots of all, in the order in which they were made; takes no lock of theirs."""
        return [one.published for one in self if one.published is not None and not one.gone]
