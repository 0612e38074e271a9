"""A session over a small driver, with no socket: what the server would see."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from virtloom.api.ports import Reply
from virtloom.api.session import Session
from virtloom.driver import API_VERSION, Driver, DriverDeclaration, DriverKind, hookimpl
from virtloom.driver.context import Identity
from virtloom.driver.loading.registry import DriverRegistry
from virtloom.locks import Checker, LockManager, Mode
from virtloom.wire import remote
from virtloom.wire.programs import Procedure, Program


class Port:
    """A client's socket that keeps what it is given."""

    def __init__(self, readonly: bool = False) -> None:
        self.id = 7
        self.readonly = readonly
        self.identity = Identity(uid=0, gid=0, pid=1)
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self.keepalive = False
        self.closing = False

    def send_event(self, program: Program, procedure: Procedure, message: tuple[Any, ...]) -> bool:
        assert procedure.message is not None
        procedure.message.encode(message)  # a message that cannot be encoded is a bug here, not in the server
        self.events.append((procedure.snake, message))
        return True

    def start_keepalive(self) -> None:
        self.keepalive = True

    def close_after_reply(self) -> None:
        self.closing = True


class Connected:
    """A session with its port, called by the procedures' names and checked against the wire's structs."""

    def __init__(
        self, registry: DriverRegistry, *, readonly: bool = False, uri: str | None = "parrot:///system"
    ) -> None:
        self.port = Port(readonly)
        locks = LockManager("api", Checker(Mode.ENFORCE))
        self.session = Session(self.port, registry, locks)
        if uri is not None:
            self.call("auth_list")
            self.call("connect_open", uri, 0)

    def reply(self, name: str, *args: Any) -> Reply:
        procedure = remote.PROGRAM.by_name(name)
        return self.session.call(remote.PROGRAM, procedure, self.sent(procedure, args))

    def call(self, name: str, *args: Any) -> Any:
        """The return struct, as a client would decode it."""
        procedure = remote.PROGRAM.by_name(name)
        value = self.session.call(remote.PROGRAM, procedure, self.sent(procedure, args)).value
        if procedure.ret is None:
            assert value is None
            return None
        return procedure.ret.decode(procedure.ret.encode(value))

    @staticmethod
    def sent(procedure: Procedure, args: tuple[Any, ...]) -> tuple[Any, ...]:
        if procedure.args is None:
            return ()
        decoded: tuple[Any, ...] = procedure.args.decode(procedure.args.encode(args))
        return decoded


def connect(driver: Driver, **options: Any) -> Connected:
    """A session for a driver of the test's own."""

    @hookimpl
    def virtloom_declare() -> DriverDeclaration:
        return DriverDeclaration("parrot", "1", API_VERSION, DriverKind.HYPERVISOR, ("parrot",))

    @hookimpl
    def virtloom_start(host: Any) -> Driver:
        return driver

    registry = DriverRegistry()
    registry.add("parrot", SimpleNamespace(virtloom_declare=virtloom_declare, virtloom_start=virtloom_start))
    registry.start(lambda declaration: SimpleNamespace())  # type: ignore[arg-type,return-value]
    assert registry.statuses[0].problem is None
    return Connected(registry, **options)
