"""What the codecs raise: one error for what cannot be read, one for what cannot be written."""

from __future__ import annotations


class XdrError(Exception):
    """Base of both."""


class DecodeError(XdrError):
    """The bytes are not a value of the type: cut short, past a limit, or of a form that there is not."""


class EncodeError(XdrError):
    """The value is not one of the type."""
