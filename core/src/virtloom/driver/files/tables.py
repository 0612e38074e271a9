"""Files that people write for a driver: TOML that has tables of one kind, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from virtloom.errors import ErrorCode, VirtError, system_error


def read_tables(path: Path, name: str, what: str) -> list[dict[str, Any]]:
    """The tables `[[name]]` of a file, in its order.

    :param what: what the file has, in words, such as "faults".
    :raises VirtError: SYSTEM_ERROR if it cannot be read, INVALID_ARG if it is something else.
    """
    import tomllib  # few drivers have such a file, and this one takes a part of every start

    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise system_error(error, f"cannot read the {what} in {path}") from error
    except ValueError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: {error}") from error
    tables = document.pop(name, [])
    if document or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: a file of {what} has tables [[{name}]] and nothing else")
    return tables
