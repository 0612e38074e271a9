"""What is wrong with a value that could not be encoded: the struct and the field, found after the fact.

Guarantees: whatever the value is, looking at it raises nothing. Used by the encoders when one has failed, so that they
need not know on the good path where they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from virtloom.xdr.errors import EncodeError
from virtloom.xdr.types import Array, Optional, Struct, Type, Union


def blame(of: Type, value: Any, error: Exception) -> str:
    """The reason, told from the value's innermost part that is wrong.

    :param error: what the encoder raised.
    """
    with suppress(Exception):  # a value is any object, and what it does when looked at may be what failed
        return _told(of, value, error)
    return f"{of!r}: the {type(value).__name__} cannot be read"


def is_sequence(value: Any) -> bool:
    """Whether a value may stand for a struct's fields or an array's elements: in order, and no text."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _told(of: Type, value: Any, error: Exception) -> str:
    if isinstance(of, Struct) and len(value) != len(of.fields):
        return f"{of!r}: {len(of.fields)} fields wanted, {len(value)} given"
    for label, part, inner in _parts(of, value):
        try:
            part.encode(inner)
        except EncodeError as cause:
            return f"{label}: {cause}"
    return f"{of!r}: {error}"


def _parts(of: Type, value: Any) -> Iterator[tuple[str, Type, Any]]:
    """The parts of a value with their types, as far as it has any."""
    if isinstance(of, Optional) and value is not None:
        yield repr(of), of.of, value
    elif isinstance(of, Union) and len(value) == 2:
        name, arm = of.arms[value[0]]
        yield f"{of!r}.{name}", arm, value[1]
    elif isinstance(of, Struct):
        for (name, field), inner in zip(of.fields, value, strict=True):
            yield f"{of!r}.{name}", field, inner
    elif isinstance(of, Array):
        for place, inner in enumerate(value):
            yield f"element {place}", of.of, inner
