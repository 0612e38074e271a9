"""The programs have every procedure, each with what is known of it."""

from __future__ import annotations

import pytest

from virtloom.wire import admin, keepalive, lxc, qemu, remote
from virtloom.wire.programs import Program, StreamSpec


@pytest.mark.parametrize(
    ("program", "number", "procedures"),
    [
        (remote.PROGRAM, 0x20008086, range(1, 457)),
        (qemu.PROGRAM, 0x20008087, range(1, 8)),
        (lxc.PROGRAM, 0x00068000, range(1, 2)),
        (admin.PROGRAM, 0x06900690, range(1, 21)),
        (keepalive.PROGRAM, 0x6B656570, range(1, 3)),
    ],
)
def test_every_number_is_there(program: Program, number: int, procedures: range) -> None:
    assert program.number == number
    assert program.version == 1
    assert [procedure.number for procedure in program.procedures] == list(procedures)


def test_a_procedure_is_found_by_number_and_by_name() -> None:
    row = remote.PROGRAM.find(23)
    assert row is not None
    assert row is remote.PROGRAM.by_name("DOMAIN_LOOKUP_BY_NAME") is remote.PROGRAM.by_name("domain_lookup_by_name")
    assert row.api == "virDomainLookupByName"
    assert row.priority
    assert remote.PROGRAM.find(0) is None
    assert remote.PROGRAM.find(-1) is None


def test_five_calls_need_no_authentication() -> None:
    assert {row.snake for row in remote.PROGRAM.procedures if not row.needs_auth and row.event is None} == {
        "auth_list",
        "auth_polkit",
        "auth_sasl_init",
        "auth_sasl_start",
        "auth_sasl_step",
    }


def test_there_are_55_events_and_each_has_a_message() -> None:
    events = [row for row in remote.PROGRAM.procedures if row.event is not None]
    assert len(events) == 55
    assert all(row.message is not None and row.args is None and row.ret is None for row in events)


def test_streams_say_which_way_they_go() -> None:
    streams = {row.snake: row.stream for row in remote.PROGRAM.procedures if row.stream is not None}
    assert streams["domain_open_console"] == StreamSpec("read", both_ways=True)
    assert streams["storage_vol_upload"] == StreamSpec("write", sparse_flag=1)
    assert streams["storage_vol_download"] == StreamSpec("read", sparse_flag=1)


def test_an_access_rule_may_depend_on_flags_or_on_an_argument() -> None:
    xml = remote.PROGRAM.by_name("domain_get_xml_desc")
    secure = next(rule for rule in xml.acl if rule.all_set == 1)
    assert secure.conditional
    assert secure.applies(xml, (None, 1))
    assert not secure.applies(xml, (None, 2))
    addresses = remote.PROGRAM.by_name("domain_interface_addresses")
    agent = next(rule for rule in addresses.acl if rule.conditional)
    assert agent.applies(addresses, (None, 1, 0))
    assert not agent.applies(addresses, (None, 0, 0))


@pytest.mark.parametrize("program", [remote.PROGRAM, qemu.PROGRAM, lxc.PROGRAM, admin.PROGRAM])
def test_a_row_has_the_structs_that_its_name_says(program: Program) -> None:
    for row in program.procedures:
        for body, suffix in ((row.args, "args"), (row.ret, "ret"), (row.message, "msg")):
            assert body is None or body.name == f"{row.snake}_{suffix}"


def test_so_many_calls_take_and_return_something() -> None:
    calls = [row for row in remote.PROGRAM.procedures if row.event is None]
    assert len(calls) == 401
    assert sum(row.args is not None for row in calls) == 373
    assert sum(row.ret is not None for row in calls) == 249


def test_names_are_unique_and_speak_for_the_number() -> None:
    names = [row.name for row in remote.PROGRAM.procedures]
    assert len(set(names)) == len(names)
