"""Values as JSON has them: what was decoded can be written as JSON and given back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, VirtError
from virtloom.wire import remote
from virtloom.wire.as_json import plain, typed

UUIDS = st.binary(min_size=16, max_size=16)
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)
RENAME = remote.PROGRAM.by_name("domain_rename").args
LOOK_UP = remote.PROGRAM.by_name("domain_lookup_by_uuid").args


@given(NAMES, UUIDS, st.integers(-1, 2**31 - 1), st.none() | NAMES, st.integers(0, 2**32 - 1))
def test_a_struct_survives_the_way_through_json(name: str, uuid: bytes, id: int, new: str | None, flags: int) -> None:
    assert RENAME is not None
    decoded = RENAME.decode(RENAME.encode(((name, uuid, id), new, flags)))
    again = typed(RENAME, json.loads(json.dumps(plain(decoded))))
    assert RENAME.decode(RENAME.encode(again)) == decoded


@pytest.mark.parametrize("value", [{"uuid": "12"}, {"uuid": 3}, {"uuid": None}, {"id": "12"}, {}, [], None])
def test_what_does_not_fit_is_refused(value: Any) -> None:
    assert LOOK_UP is not None
    with pytest.raises(VirtError) as caught:
        typed(LOOK_UP, value)
    assert caught.value.code is ErrorCode.INVALID_ARG
