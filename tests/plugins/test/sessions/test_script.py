"""Which recorded call a client's call is, and how differences read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom_testing.sessions.calls import Call, Piece, Told
from virtloom_testing.sessions.differences import show, written
from virtloom_testing.sessions.file import read_session, write_session
from virtloom_testing.sessions.frames import check
from virtloom_testing.sessions.script import Loose, Strict, compare


def call(procedure: str, connection: int = 1, /, **args: Any) -> Call:
    return Call(connection, procedure, args, reply={})


OPEN = call("connect_open", name="test:///default", flags=0)
LOOK, LIST, CLOSE = call("domain_lookup_by_name", name="a"), call("connect_num_of_domains"), call("connect_close")


def test_a_session_that_is_made_again_has_no_differences() -> None:
    script = Strict([OPEN, LOOK, LIST, CLOSE])
    assert [script.match(one) for one in (OPEN, LOOK, LIST, CLOSE)] == [OPEN, LOOK, LIST, CLOSE]
    assert show(script.steps()) == ""


def test_what_was_left_out_added_and_asked_otherwise_is_shown() -> None:
    script = Strict([OPEN, LOOK, LIST, CLOSE])
    script.match(OPEN)
    assert script.match(call("domain_lookup_by_name", name="b")) is None
    assert script.match(call("connect_get_uri")) is None
    assert script.match(CLOSE) is CLOSE
    assert show(script.steps()).splitlines() == [
        "connection 1:",
        "  connect_open(name='test:///default', flags=0)",
        "! domain_lookup_by_name(name='b')",
        "    name: 'a' -> 'b'",
        "+ connect_get_uri()",
        "- connect_num_of_domains()",
        "  connect_close()",
    ]


def test_what_was_not_asked_at_the_end_is_missing() -> None:
    script = Strict([OPEN, CLOSE])
    script.match(OPEN)
    assert "- connect_close()" in show(script.steps())


def test_connections_are_told_apart_strictly() -> None:
    other = call("connect_open", 2, name="test:///default", flags=0)
    script = Strict([OPEN, other])
    assert script.match(other) is other
    assert script.match(OPEN) is OPEN


def test_loosely_order_number_and_connection_mean_nothing() -> None:
    first, second = LOOK, Call(1, LOOK.name, LOOK.args, reply={"dom": {"id": 2}})
    script = Loose([OPEN, first, second])
    asked = call("domain_lookup_by_name", 5, name="a")
    assert [script.match(asked) for _ in range(3)] == [first, second, second]
    assert show(script.steps()) == ""
    assert script.match(CLOSE) is None
    assert "+ connect_close()" in show(script.steps())


def test_an_argument_that_is_ignored_may_be_anything() -> None:
    recorded = Call(1, "domain_define_xml", {"xml": "<a/>", "flags": 0}, reply={}, ignore=("xml",))
    assert recorded.asks(call("domain_define_xml", xml="<b/>", flags=0))
    assert not recorded.asks(call("domain_define_xml", xml="<b/>", flags=1))


def test_documents_are_compared_line_by_line() -> None:
    before, after = (f"<domain>\n  <name>a</name>\n  <vcpu>{n}</vcpu>\n</domain>" for n in (1, 2))
    shown = show(compare([call("domain_define_xml", xml=before)], [call("domain_define_xml", xml=after)]))
    assert "      -  <vcpu>1</vcpu>" in shown
    assert "      +  <vcpu>2</vcpu>" in shown


def test_two_sessions_answers_are_compared_when_asked_for() -> None:
    failed = Call(1, "connect_num_of_domains", error={"code": "NO_SUPPORT", "message": "no"})
    assert show(compare([LIST], [failed])) == ""
    assert "error NO_SUPPORT: no" in show(compare([LIST], [failed]), answers=True)


def test_data_that_were_sent_otherwise_are_a_difference() -> None:
    recorded, made = (
        Call(1, "storage_vol_upload", reply={}, stream=[Piece("client", data)]) for data in (b"abcd", b"abXd")
    )
    assert "stream: 4 bytes -> 4 bytes, different from byte 2 on" in show(compare([recorded], [made]))


def test_only_the_calls_around_a_difference_are_shown() -> None:
    many = [call("domain_lookup_by_name", name=str(number)) for number in range(20)]
    shown = show(compare(many, [*many[:10], *many[11:]])).splitlines()
    assert shown[1] == shown[-1] == "  ..."
    assert len(shown) == 8


def test_objects_are_written_by_their_names() -> None:
    one = call("domain_create_with_flags", flags=0, dom={"name": "a", "uuid": "0" * 32, "id": -1})
    assert written(one) == "domain_create_with_flags(dom=a, flags=0)"


# The file.

WHOLE = [
    OPEN,
    Call(1, "domain_lookup_by_name", {"name": "x"}, error={"code": "NO_DOMAIN", "message": "no\n  such"}),
    Call(2, "storage_vol_download", {}, reply={}, held=1, ignore=("offset",), meanwhile=[Told("a_event", {"n": 1})],
         afterwards=[Told("another", {})],
         stream=[Piece("daemon", b"text\n"), Piece("daemon", b"\0\xff"), Piece("daemon", hole=7),
                 Piece("client", end="finish")]),
    Call(2, "connect_close", lost=True, program="admin"),
]  # fmt: skip


def test_a_session_survives_the_way_through_its_file(tmp_path: Path) -> None:
    write_session(tmp_path / "s.toml", WHOLE)
    assert read_session(tmp_path / "s.toml") == WHOLE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("call = 3", "a session has tables [[call]] and nothing else"),
        ("[[fault]]", "a session has tables [[call]] and nothing else"),
        ("[[call]]\nname = 'x'\nreplies = 3", "call 1: got an unexpected keyword argument 'replies'"),
        ("[[call]]\n[[call.stream]]\nby='daemon'\nhex='x'", "call 1: non-hexadecimal"),
        ("[[call", "Expected"),
    ],
)
def test_a_wrong_file_is_told_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "s.toml").write_text(text)
    with pytest.raises(VirtError) as caught:
        read_session(tmp_path / "s.toml")
    assert caught.value.code is ErrorCode.INVALID_ARG
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("edited", "said"),
    [
        (Call(1, "domain_look_up"), "the program 'remote' has no procedure 'domain_look_up'"),
        (
            Call(1, "domain_lookup_by_name", reply={"dom": {"name": "x"}}),
            "domain_lookup_by_name: nonnull_domain is an object with",
        ),
        (Call(1, "connect_close", error={"code": "NO_DOMAINE"}), "an error has no code 'NO_DOMAINE'"),
        (Call(1, "connect_close", meanwhile=[Told("connect_close")]), "'connect_close' is no event"),
    ],
)
def test_what_cannot_be_said_again_is_refused_before_a_client_waits_for_it(edited: Call, said: str) -> None:
    with pytest.raises(VirtError) as caught:
        check(edited, "call 7")
    assert "call 7: " in str(caught.value)
    assert said in str(caught.value)
