"""Faults from a TOML file: a table `[[fault]]` each."""

from __future__ import annotations

from pathlib import Path

from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom_test.faults.fault import Fault, parse_fault


def read_faults(path: Path) -> list[Fault]:
    """The faults of a file, in its order.

    :raises VirtError: SYSTEM_ERROR if it cannot be read, INVALID_ARG if it is wrong.
    """
    import tomllib  # few hosts have a file, and this one takes a part of every start

    try:
        document = tomllib.loads(path.read_text())
    except OSError as error:
        raise system_error(error, f"cannot read the faults in {path}") from error
    except ValueError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: {error}") from error
    tables = document.pop("fault", [])
    if document or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: a file of faults has tables [[fault]] and nothing else")
    try:
        return [parse_fault(table, number) for number, table in enumerate(tables, 1)]
    except VirtError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: {error.detail}") from error
