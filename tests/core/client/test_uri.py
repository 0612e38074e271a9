"""What of a URI is for the client, and what the daemon is asked to open."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.client.uri import target
from virtloom.errors import ErrorCode, VirtError


@pytest.mark.parametrize(
    ("uri", "opened", "socket"),
    [
        ("", "", None),
        ("test:///default", "test:///default", None),
        ("test+unix:///default?socket=/a/b", "test:///default", Path("/a/b")),
        ("qemu:///system?socket=/a&mode=legacy", "qemu:///system", Path("/a")),
        ("lxc:///system?x=1&socket=/a&y=2", "lxc:///system?x=1&y=2", Path("/a")),
        ("test+unix:///default?name=qemu:///session&socket=/a", "qemu:///session", Path("/a")),
        ("test:///some/file.xml?socket=/a", "test:///some/file.xml", Path("/a")),
    ],
)
def test_the_daemon_is_asked_for_what_is_not_the_clients(uri: str, opened: str, socket: Path | None) -> None:
    assert target(uri) == (opened, socket)


def test_other_transports_are_refused() -> None:
    with pytest.raises(VirtError, match="the transport 'ssh' of 'qemu\\+ssh://host/system' is not possible") as caught:
        target("qemu+ssh://host/system")
    assert caught.value.code is ErrorCode.INVALID_ARG


@given(st.text(max_size=60) | st.from_regex(r"[a-z+]*://[\[\]a-z:@]*/[a-z?&=%]*", fullmatch=True))
def test_any_text_is_a_target_or_the_one_error(text: str) -> None:
    with contextlib.suppress(VirtError):
        target(text)
