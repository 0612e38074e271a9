"""Arguments that come again are not read again, where that is safe."""

from __future__ import annotations

import pytest

from virtloom.server import arguments
from virtloom.server.arguments import REMEMBERED, decoder
from virtloom.wire import remote
from virtloom.xdr import DecodeError


def payload(name: str, *args: object) -> bytes:
    of = remote.PROGRAM.by_name(name).args
    assert of is not None
    return of.encode(args)


GUEST = ("guest", b"u" * 16, 3)


def test_the_same_bytes_give_the_same_arguments_and_others_give_others() -> None:
    decode = decoder(remote.PROGRAM.by_name("domain_get_xml_desc"))
    shown, secret = payload("domain_get_xml_desc", GUEST, 0), payload("domain_get_xml_desc", GUEST, 1)
    assert decode(shown) == (GUEST, 0)
    assert decode(bytes(bytearray(shown))) is decode(shown)
    assert decode(secret) == (GUEST, 1)


@pytest.mark.parametrize("name", ["secret_set_value", "domain_set_user_password", "auth_sasl_start", "domain_create"])
def test_what_does_not_only_look_may_be_a_secret_and_is_not_kept(name: str) -> None:
    procedure = remote.PROGRAM.by_name(name)
    assert procedure.args is not None
    assert decoder(procedure) == procedure.args.decode


def test_what_somebody_might_change_is_read_each_time() -> None:
    decode = decoder(remote.PROGRAM.by_name("connect_get_all_domain_stats"))
    data = payload("connect_get_all_domain_stats", [GUEST], 0, 0)
    decode(data).doms.clear()
    assert decode(data).doms == [GUEST]


def test_bad_bytes_are_refused_each_time() -> None:
    decode = decoder(remote.PROGRAM.by_name("domain_lookup_by_name"))
    for _ in range(2):
        with pytest.raises(DecodeError):
            decode(b"\0\0\0\7x")


def test_what_is_remembered_is_bounded() -> None:
    memory = arguments.Remembered(remote.PROGRAM.by_name("domain_lookup_by_name").args.decode)
    for number in range(REMEMBERED + 1):
        assert memory[payload("domain_lookup_by_name", str(number))] == (str(number),)
    assert len(memory) == 1
    long = "x" * arguments.LONGEST
    assert memory[payload("domain_lookup_by_name", long)] == (long,)
    assert len(memory) == 1
