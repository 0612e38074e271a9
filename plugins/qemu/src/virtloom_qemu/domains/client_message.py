"""A message that a client has for a guest's monitor or its agent."""

from __future__ import annotations

import json
from typing import Any

from virtloom.errors import ErrorCode, VirtError


def client_message(text: str) -> dict[str, Any]:
    """The message that a client's text is.

    :raises VirtError: INTERNAL_ERROR if it is no JSON object.
    """
    try:
        message = json.loads(text)
    except ValueError as error:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"cannot parse json {text}: {error}") from None
    if not isinstance(message, dict):
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"cannot parse json {text}: not an object")
    return message
