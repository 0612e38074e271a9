"""`virtloom lint-locks`: the static checker of locks, for the core, for plugins and for everybody's own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom.lint import CODES, check_paths

Options = argparse.Namespace


def add_commands(commands: Any) -> None:
    """Add the command of this file."""
    lint = commands.add_parser("lint-locks", help="check Python source against the rules of locking")
    lint.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files, and folders with files")
    lint.add_argument("--explain", metavar="CODE", help="tell what a code means, or with 'all' each of them")
    lint.set_defaults(run=run)


def run(options: Options) -> None:
    """Check, or explain.

    :raises SystemExit: with status 1 if something was found, as ruff's.
    :raises VirtError: if a code or a path does not exist, or a file is no Python.
    """
    if options.explain is not None:
        print(explained(options.explain))
    elif not options.paths:
        raise VirtError(ErrorCode.INVALID_ARG, "lint-locks needs at least one file or folder")
    else:
        _check(options.paths)


def explained(name: str) -> str:
    """What a code means, with a wrong and a right piece of source; for "all", each of them."""
    if name.lower() == "all":
        return "\n\n\n".join(code.explain() for code in CODES.values())
    code = CODES.get(name.upper())
    if code is None:
        raise VirtError(ErrorCode.INVALID_ARG, f"there is no code {name}; there are {', '.join(CODES)}")
    return code.explain()


def _check(paths: list[Path]) -> None:
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        raise VirtError(ErrorCode.INVALID_ARG, f"no such file or folder: {', '.join(missing)}")
    try:
        problems = check_paths(paths)
    except SyntaxError as error:
        where = f"{error.filename}:{error.lineno}:{error.offset}"
        raise VirtError(ErrorCode.INVALID_ARG, f"{where}: no Python: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise VirtError(ErrorCode.INVALID_ARG, f"a file is not UTF-8: {error}") from error
    for problem in problems:
        print(problem)
    if not problems:
        print("All checks passed!")
        return
    print(f"Found {len(problems)} error{'s' if len(problems) > 1 else ''}.")
    raise SystemExit(1)
