"""Values of the protocol as JSON has them, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from virtloom.errors import ErrorCode, VirtError
from virtloom.xdr import Bytes, Optional, Struct, Type


def plain(value: Any) -> Any:
    """A decoded value as JSON has it: structs as objects, sixteen bytes as a uuid, other bytes in hex."""
    if hasattr(value, "_fields"):
        return {name: plain(getattr(value, name)) for name in value._fields}
    if isinstance(value, bytes):
        return str(UUID(bytes=value)) if len(value) == 16 else value.hex()
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value


def typed(of: Type, value: Any) -> Any:
    """What JSON has as the codec wants it: objects as tuples in the struct's order, uuids and hex as bytes.

    :param value: an object may leave out the fields that are empty.
    :raises VirtError: INVALID_ARG for what cannot be that.
    """
    if isinstance(of, Struct):
        needed = {name for name, field in of.fields if not isinstance(field, Optional)}
        if not isinstance(value, dict) or not needed <= set(value) <= set(of.field_names):
            raise VirtError(ErrorCode.INVALID_ARG, f"{of.name} is an object with {', '.join(of.field_names)}")
        return tuple(typed(field, value.get(name)) for name, field in of.fields)
    if isinstance(of, Optional):
        return None if value is None else typed(of.of, value)
    if isinstance(of, Bytes) and not of.text:
        return _bytes(of, value)
    if isinstance(value, Sequence) and not isinstance(value, str) and hasattr(of, "of"):
        return [typed(of.of, one) for one in value]
    return value


def _bytes(of: Bytes, value: Any) -> bytes:
    try:
        # Sixteen bytes look like a uuid, whatever they are.
        return UUID(value).bytes if of.size == 16 else bytes.fromhex(value.replace("-", ""))
    except (ValueError, TypeError, AttributeError):
        detail = f"{value!r} is no {'uuid' if of.size == 16 else 'text in hex'}"
        raise VirtError(ErrorCode.INVALID_ARG, detail) from None
