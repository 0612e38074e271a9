"""Faults from a TOML file: a table `[[fault]]` each."""

from __future__ import annotations

from pathlib import Path

from virtloom.driver.files.tables import read_tables
from virtloom.errors import ErrorCode, VirtError
from virtloom_test.faults.fault import Fault, parse_fault


def read_faults(path: Path) -> list[Fault]:
    """The faults of a file, in its order.

    :raises VirtError: SYSTEM_ERROR if it cannot be read, INVALID_ARG if it is wrong.
    """
    tables = read_tables(path, "fault", "faults")
    try:
        return [parse_fault(table, number) for number, table in enumerate(tables, 1)]
    except VirtError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"{path}: {error.detail}") from error
