"""The bracket around each call: who may make it, who answers it, what its failure is called."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sessions import Connected, connect
from virtloom.driver import EventFamily, EventSource, HypervisorDriver
from virtloom.driver.context import current
from virtloom.driver.events import EventHub
from virtloom.driver.handles import DomainHandle
from virtloom.driver.interception import InterceptedCall
from virtloom.driver.settled import Settled, settled
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Checker, Edition, LockManager, Mode, ObjectGone
from virtloom.wire import remote

POLLY = DomainHandle("polly", b"p" * 16, 1)
KIKI = DomainHandle("kiki", b"k" * 16, -1)


class Parrot(HypervisorDriver):
    error_domain = ErrorDomain.TEST

    def __init__(self) -> None:
        locks = LockManager("parrot", Checker(Mode.ENFORCE))
        self.hub = EventHub(locks)
        self.events = EventSource(self.hub, locks)
        self.undone: list[str] = []
        self.described = 0
        self.edition = Edition()
        self.settled = Settled(self.edition)

    def domain_lookup_by_name(self, name: str) -> DomainHandle:
        if name == "polly":
            return POLLY
        raise VirtError(ErrorCode.NO_DOMAIN, f"no domain with matching name '{name}'")

    @settled
    def domain_get_xml_desc(self, dom: DomainHandle, flags: int) -> str:
        self.described += 1
        return f"<domain name='{dom.name}'/>"

    def domain_destroy_flags(self, dom: DomainHandle, flags: int) -> None:
        raise ObjectGone("domain", dom.uuid)

    def domain_reset(self, dom: DomainHandle, flags: int) -> None:
        raise ZeroDivisionError("a bug")

    def domain_create(self, dom: DomainHandle) -> None:
        current().connection.on_close(dom.uuid, lambda: self.undone.append(dom.name))


def failure(call: Any) -> VirtError:
    with pytest.raises(VirtError) as caught:
        call()
    return caught.value


def test_a_call_is_answered_by_the_method_of_its_name() -> None:
    assert connect(Parrot()).call("domain_lookup_by_name", "polly").dom == POLLY


def test_a_drivers_failure_carries_its_domain() -> None:
    error = failure(lambda: connect(Parrot()).call("domain_lookup_by_name", "dodo"))
    assert (error.code, error.domain) == (ErrorCode.NO_DOMAIN, ErrorDomain.TEST)
    assert error.message == "Domain not found: no domain with matching name 'dodo'"


def test_what_a_driver_lacks_is_named_as_the_public_function() -> None:
    error = failure(lambda: connect(Parrot()).call("domain_suspend", POLLY))
    assert error.message == "this function is not supported by the connection driver: virDomainSuspend"
    assert error.code is ErrorCode.NO_SUPPORT


def test_a_removed_object_is_not_found() -> None:
    assert failure(lambda: connect(Parrot()).call("domain_destroy", POLLY)).code is ErrorCode.NO_DOMAIN


def test_a_bug_becomes_an_internal_error_with_a_reference(caplog: pytest.LogCaptureFixture) -> None:
    error = failure(lambda: connect(Parrot()).call("domain_reset", POLLY, 0))
    assert error.code is ErrorCode.INTERNAL_ERROR
    reference = error.message.split()[-1]
    assert reference in caplog.text
    assert "a bug" in caplog.text


def test_nothing_is_answered_before_the_connection_opens() -> None:
    closed = connect(Parrot(), uri=None)
    assert failure(lambda: closed.call("domain_lookup_by_name", "polly")).code is ErrorCode.INTERNAL_ERROR
    assert failure(lambda: closed.call("connect_get_uri")).code is ErrorCode.INTERNAL_ERROR


def test_a_second_open_is_refused_and_the_first_stays() -> None:
    connected = connect(Parrot())
    assert failure(lambda: connected.call("connect_open", "parrot:///system", 0)).code is ErrorCode.INTERNAL_ERROR
    assert connected.call("connect_get_uri").uri == "parrot:///system"


def test_asking_for_keepalive_starts_it_even_before_the_open() -> None:
    closed = connect(Parrot(), uri=None)
    assert closed.call("connect_supports_feature", 10).supported == 1
    assert closed.port.keepalive


@pytest.mark.parametrize(("options", "flags"), [({"readonly": True}, 0), ({"uri": None}, 1)])
def test_a_read_only_client_may_look_and_not_touch(options: dict[str, Any], flags: int) -> None:
    connected = connect(Parrot(), **options)
    if options.get("uri", "") is None:
        connected.call("connect_open", "parrot:///system", flags)
    assert connected.call("domain_get_xml_desc", POLLY, 0).xml == "<domain name='polly'/>"
    error = failure(lambda: connected.call("domain_create", POLLY))
    assert error.message == "operation forbidden: read only access prevents virDomainCreate"
    error = failure(lambda: connected.call("domain_get_xml_desc", POLLY, 1))
    assert error.message == "operation forbidden: virDomainGetXMLDesc with secure flag"


def test_what_a_client_held_is_released_once_when_it_goes() -> None:
    driver = Parrot()
    connected = connect(driver)
    connected.call("domain_create", POLLY)
    connected.session.close()
    connected.session.close()
    assert driver.undone == ["polly"]
    assert driver.events.listeners == ()


def test_what_is_registered_after_the_end_is_undone_at_once() -> None:
    connected = connect(Parrot())
    connected.session.close()
    done = threading.Event()
    connected.session.on_close("late", done.set)
    assert done.is_set()


def delivered(driver: Parrot, connected: Any) -> list[tuple[str, Any]]:
    driver.hub.start()
    assert driver.hub.flush()
    driver.hub.stop()
    seen: list[tuple[str, Any]] = connected.port.events
    return seen


def test_an_event_is_sent_once_for_each_registration_that_it_matches() -> None:
    driver = Parrot()
    connected = connect(driver)
    everything = connected.call("connect_domain_event_callback_register_any", 0, None).callbackID
    of_polly = connected.call("connect_domain_event_callback_register_any", 0, POLLY).callbackID
    connected.call("connect_domain_event_callback_register_any", 0, KIKI)
    connected.call("connect_domain_event_register")
    driver.events.emit(EventFamily.DOMAIN, 0, POLLY, (2, 0))
    body = (POLLY, 2, 0)
    assert delivered(driver, connected) == [
        ("domain_event_callback_lifecycle", (everything, body)),
        ("domain_event_callback_lifecycle", (of_polly, body)),
        ("domain_event_lifecycle", body),
    ]


def test_what_happened_before_a_registration_is_not_told_to_it() -> None:
    driver = Parrot()
    connected = connect(driver)
    driver.events.emit(EventFamily.DOMAIN, 0, POLLY, (0, 0))  # emitted, and not delivered before the hub starts
    number = connected.call("connect_domain_event_callback_register_any", 0, None).callbackID
    driver.events.emit(EventFamily.DOMAIN, 0, POLLY, (2, 0))
    assert delivered(driver, connected) == [("domain_event_callback_lifecycle", (number, (POLLY, 2, 0)))]


def test_the_other_forms_of_event_messages() -> None:
    driver = Parrot()
    connected = connect(driver)
    for number in (11, 20):
        connected.call("connect_domain_event_callback_register_any", number, None)
    driver.events.emit(EventFamily.DOMAIN, 11, POLLY)
    driver.events.emit(EventFamily.DOMAIN, 20, POLLY, (3,))
    assert delivered(driver, connected) == [
        ("domain_event_callback_pmwakeup", (0, 0, (POLLY,))),
        ("domain_event_callback_migration_iteration", (1, POLLY, 3)),
    ]


def test_a_registration_that_ended_is_silent_and_ends_once() -> None:
    driver = Parrot()
    connected = connect(driver)
    number = connected.call("connect_domain_event_callback_register_any", 0, None).callbackID
    connected.call("connect_domain_event_callback_deregister_any", number)
    assert (
        "not registered"
        in failure(lambda: connected.call("connect_domain_event_callback_deregister_any", number)).message
    )
    driver.events.emit(EventFamily.DOMAIN, 0, POLLY, (2, 0))
    assert delivered(driver, connected) == []


@pytest.mark.parametrize("number", [-1, 30, 1 << 30])
def test_an_event_that_there_is_not_is_refused(number: int) -> None:
    connected = connect(Parrot())
    error = failure(lambda: connected.call("connect_domain_event_callback_register_any", number, None))
    assert error.message == f"internal error: unsupported event ID {number}"


XML = remote.PROGRAM.by_name("domain_get_xml_desc")


def described(connected: Connected, dom: DomainHandle = POLLY) -> bytes | None:
    """What the server does with a call: the answer that is kept, or else the call, whose answer it keeps if it may."""
    assert XML.args is not None
    payload = XML.args.encode((dom, 0))
    body = connected.session.kept(XML, payload)
    if body is None:
        reply = connected.reply("domain_get_xml_desc", dom, 0)
        assert XML.ret is not None
        body = XML.ret.encode(reply.value)
        if reply.keep is not None:
            reply.keep(payload, body)
    return body


def test_a_settled_answer_is_made_once_for_all_clients_until_something_changes() -> None:
    driver = Parrot()
    one, other = connect(driver), connect(driver)
    other.call("domain_get_xml_desc", KIKI, 0)  # a session learns of a procedure by its first call
    driver.described = 0
    assert described(one) == described(one) == described(other)
    assert driver.described == 1
    with driver.edition:
        pass
    described(one)
    assert driver.described == 2


def test_an_answer_that_is_kept_counts_as_a_call() -> None:
    connected = connect(Parrot())
    for _ in range(3):
        described(connected)
    assert connected.session._checker.watch.calls["virDomainGetXMLDesc"].sum().count == 3


def test_for_who_may_only_look_each_answer_is_made() -> None:
    driver = Parrot()
    described(connect(driver))
    shown = connect(driver, readonly=True)
    for _ in range(2):
        described(shown)
    assert driver.described == 3


def test_whoever_stands_before_the_calls_sees_each_and_what_it_says_is_not_kept() -> None:
    driver, seen = Parrot(), []

    def intercept(call: InterceptedCall, proceed: Any) -> Any:
        seen.append(call.procedure)
        return ("<instead/>",)

    connected = connect(driver)
    told = described(connected)
    driver.interceptor = intercept
    assert described(connected) != told
    assert described(connected, KIKI) == described(connected, KIKI)
    assert seen == ["domain_get_xml_desc"] * 3
    driver.interceptor = None
    assert described(connected) == told
    assert b"kiki" in (described(connected, KIKI) or b"")
