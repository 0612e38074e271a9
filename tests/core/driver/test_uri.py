"""Connection URIs are taken apart as clients write them."""

from __future__ import annotations

import pytest

from virtloom.driver.uri import URI
from virtloom.errors import ErrorCode, VirtError


def test_a_uri_with_everything() -> None:
    uri = URI.parse("qemu+unix://host/system?socket=/s&mode=legacy")
    assert (uri.scheme, uri.transport, uri.host, uri.path) == ("qemu", "unix", "host", "/system")
    assert uri.query == {"socket": "/s", "mode": "legacy"}
    assert str(uri) == "qemu+unix://host/system?socket=/s&mode=legacy"


def test_a_plain_uri() -> None:
    uri = URI.parse("test:///default")
    assert (uri.scheme, uri.transport, uri.host, uri.path, uri.query) == ("test", "", "", "/default", {})


@pytest.mark.parametrize("text", ["", "default", "//host/path", "test://[::1/x"])
def test_what_is_no_uri_is_refused_by_name(text: str) -> None:
    with pytest.raises(VirtError, match="URI") as caught:
        URI.parse(text)
    assert caught.value.code is ErrorCode.INVALID_ARG
