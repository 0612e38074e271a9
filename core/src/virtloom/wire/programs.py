"""Programs and procedures: what may be called, with which arguments, by whom.

A program is a table of procedures, each a row that reads like the protocol's specification; everything that needs to
know a procedure (the codec, the access rules, which calls have streams) asks the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from virtloom.xdr import Struct


class Acl(NamedTuple):
    """One access rule: the permission that a caller needs on an object; every rule that applies must be met.

    :ivar object: connect, domain, network, ...; None with `permission` for a call that anybody may make.
    :ivar all_set: the rule applies only if all these flags are set; 0 for always.
    :ivar none_set: the rule applies only if none of these flags is set; 0 for always.
    :ivar param: the rule applies only if this argument has this value; None for always.
    """

    object: str | None
    permission: str | None
    all_set: int = 0
    none_set: int = 0
    param: tuple[str, int] | None = None

    @property
    def conditional(self) -> bool:
        """Whether it depends on the arguments."""
        return bool(self.all_set or self.none_set or self.param)

    def applies(self, procedure: Procedure, args: tuple[Any, ...]) -> bool:
        """Whether it applies to a call with these arguments."""
        names = () if procedure.args is None else procedure.args.field_names
        given = dict(zip(names, args, strict=False))
        if self.param is not None:
            return bool(given.get(self.param[0]) == self.param[1])
        flags = int(given.get("flags") or 0)
        if self.none_set:
            return not flags & self.none_set
        return flags & self.all_set == self.all_set


ANYBODY = Acl(None, None)


class StreamSpec(NamedTuple):
    """A procedure's stream.

    :ivar direction: "read" from server to client, "write" the other way.
    :ivar both_ways: whether data may also go the other way.
    :ivar sparse_flag: the flag that allows holes; 0 if none does.
    """

    direction: str
    both_ways: bool = False
    sparse_flag: int = 0


class EventSpec(NamedTuple):
    """What an event procedure tells of.

    :ivar family: the kind of object.
    :ivar number: the event's number in its family; None for the connection's own.
    :ivar legacy: whether it is the older form, which has no callback's number.
    """

    family: str
    number: int | None
    legacy: bool


class Procedure:
    """One row of a program. Compared and hashed by identity: there is one object for each procedure.

    :ivar number: name: as the protocol has them, the name without its prefix.
    :ivar snake: the name in lower case, which is the driver method's name.
    :ivar api: the public function of libvirt's that it stands for.
    :ivar args: ret: message: the structs of a call's arguments, its result, an event's body; None where there is none.
    :ivar priority: whether it never waits behind ordinary calls.
    :ivar needs_auth: whether a client must be authenticated first.
    :ivar acl: the access rules; `acl_filter` is applied to each returned object.
    :ivar stream: its stream, if it has one.
    :ivar fds: whether descriptors come with it.
    :ivar event: what it tells of, for a message from server to client.
    """

    __slots__ = (
        "acl", "acl_filter", "api", "args", "event", "fds", "message", "name", "needs_auth", "number", "priority",
        "ret", "snake", "stream",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        name: str,
        api: str,
        *,
        args: Struct | None = None,
        ret: Struct | None = None,
        message: Struct | None = None,
        priority: bool = False,
        needs_auth: bool = True,
        acl: tuple[Acl, ...] = (),
        acl_filter: str = "",
        stream: StreamSpec | None = None,
        fds: str = "",
        event: EventSpec | None = None,
    ) -> None:
        self.number = number
        self.name = name
        self.snake = name.lower()
        self.api = api
        self.args = args
        self.ret = ret
        self.message = message
        self.priority = priority
        self.needs_auth = needs_auth
        self.acl = acl
        self.acl_filter = acl_filter
        self.stream = stream
        self.fds = fds
        self.event = event

    @property
    def replies_with_fds(self) -> bool:
        """Whether descriptors are all that the reply brings."""
        return self.fds.startswith("reply") and self.ret is None

    def __repr__(self) -> str:
        return f"Procedure({self.number}, {self.name})"


class Program:
    """A program: its number, its version, its procedures.

    :ivar procedures: all rows, by number.
    """

    def __init__(self, name: str, number: int, version: int, procedures: Iterable[Procedure]) -> None:
        self.name = name
        self.number = number
        self.version = version
        self.procedures = tuple(sorted(procedures, key=lambda row: row.number))
        self._by_number = {row.number: row for row in self.procedures}
        self._by_snake = {row.snake: row for row in self.procedures}

    def find(self, number: int) -> Procedure | None:
        """The procedure of a number."""
        return self._by_number.get(number)

    def by_name(self, name: str) -> Procedure:
        """The procedure of a name, in upper or lower case.

        :raises KeyError: if there is none.
        """
        return self._by_snake[name.lower()]

    def __repr__(self) -> str:
        return f"Program({self.name}, {self.number:#x}, version {self.version})"
