"""Connection URIs, as a client names a driver: `scheme[+transport]://[host]/path[?query]`."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from virtloom.errors import ErrorCode, ErrorDomain, VirtError


class URI(NamedTuple):
    """A parsed connection URI (libvirt: `virURIParse`).

    :ivar scheme: the driver's scheme, without a transport.
    :ivar transport: what follows `+` in the scheme, or "".
    :ivar host: the host part, or "".
    :ivar path: the path, with its leading slash.
    :ivar query: the query's parameters, the last of each name.
    """

    text: str
    scheme: str
    transport: str
    host: str
    path: str
    query: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> URI:
        """Take a URI apart.

        :raises VirtError: INVALID_ARG if it has no scheme or cannot be parsed.
        """
        try:
            parts = urlsplit(text)
            query = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError as error:
            raise VirtError(ErrorCode.INVALID_ARG, f"malformed URI '{text}': {error}", ErrorDomain.URI) from error
        if not parts.scheme:
            raise VirtError(ErrorCode.INVALID_ARG, f"URI '{text}' is missing its scheme", ErrorDomain.URI)
        scheme, _, transport = parts.scheme.partition("+")
        return cls(text, scheme, transport, parts.netloc, parts.path, query)

    def __str__(self) -> str:
        return self.text
