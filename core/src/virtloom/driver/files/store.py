"""Definitions on disk: one file an object, whole or not there at all.

Guarantees: a reader sees the old text or the new one, never a part (written to a temporary name, flushed, renamed, and
the folder flushed, as rename(2) and fsync(2) allow it); a damaged file hides no other.
Assumes: one daemon writes a folder, and a caller holds no lock: everything here may sleep.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error

log = logging.getLogger(__name__)
T = TypeVar("T")


class DefinitionStore:
    """A folder of definitions, `NAME.xml` each.

    :param folder: made when something is first written.
    """

    def __init__(self, folder: Path, suffix: str = ".xml") -> None:
        self.folder = folder
        self._suffix = suffix

    def path(self, name: str) -> Path:
        """Where the definition of that name is kept.

        :raises VirtError: INVALID_ARG for a name that is not a file's name.
        """
        if "/" in name or "\0" in name or name in ("", ".", ".."):
            raise VirtError(ErrorCode.INVALID_ARG, f"name {name!r} cannot be used as a file's name")
        return self.folder / f"{name}{self._suffix}"

    def write(self, name: str, text: str) -> None:
        """Write or replace a definition; when this returns, it survives a crash.

        :raises VirtError: SYSTEM_ERROR if it could not be written; the old one is then still there.
        """
        path = self.path(name)
        try:
            write_atomically(path, text.encode())
        except OSError as error:
            raise system_error(error, f"cannot write {path}") from error

    def remove(self, name: str) -> None:
        """Remove a definition; it is no error if there is none.

        :raises VirtError: SYSTEM_ERROR if it could not be removed.
        """
        path = self.path(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise system_error(error, f"cannot remove {path}") from error

    def link(self, name: str, folder: Path, wanted: bool, domain: ErrorDomain) -> None:
        """Make or remove a link to a definition, which marks it as to be started with the host.

        :param folder: where the links are; made when it is first needed.
        :raises VirtError: SYSTEM_ERROR in that domain.
        """
        link, target = self._link(name, folder), self.path(name)
        what = f"Failed to create symlink '{link}' to '{target}'" if wanted else f"Failed to delete symlink '{link}'"
        try:
            link.unlink(missing_ok=True)
            if wanted:
                folder.mkdir(parents=True, exist_ok=True)
                link.symlink_to(target)
        except OSError as error:
            raise system_error(error, what, domain) from error

    def is_linked(self, name: str, folder: Path) -> bool:
        """Whether a definition is marked by a link in a folder, as `link` makes it."""
        return self._link(name, folder).is_symlink()

    def _link(self, name: str, folder: Path) -> Path:
        return folder / self.path(name).name

    def load(self, parse: Callable[[str], T]) -> Iterator[tuple[str, T]]:
        """Every definition that can be read, with its name; damaged ones are set aside as `NAME.xml.damaged`.

        What the system does not let us read (rights, a failing disk) may be whole, and stays where it is.

        :param parse: makes a definition of a file's text; what it raises as VirtError or ValueError means damage.
        """
        for name in self.names():
            path = self.folder / f"{name}{self._suffix}"
            try:
                loaded = parse(path.read_text())
            except OSError as error:
                log.error("%s cannot be read, and is ignored until the next start: %s", path, error.strerror)
                continue
            except (VirtError, ValueError) as error:
                self._set_aside(path, error)
                continue
            yield name, loaded

    def names(self) -> list[str]:
        """The names of all that is kept, in order; none if there is no folder yet."""
        try:
            files = os.listdir(self.folder)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(file.removesuffix(self._suffix) for file in files if file.endswith(self._suffix))

    def _set_aside(self, path: Path, error: Exception) -> None:
        aside = path.with_name(path.name + ".damaged")
        reason = str(error).partition("\n")[0]
        try:
            path.rename(aside)
        except OSError as problem:
            log.error("%s cannot be read (%s) nor set aside (%s); it is ignored", path, reason, problem)
        else:
            log.error("%s cannot be read (%s); it is kept as %s", path, reason, aside.name)


def write_atomically(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace a file's contents so that a crash leaves the old or the new ones.

    :param mode: the new file's permissions.
    :raises OSError: nothing was changed, and no temporary file is left.
    """
    import tempfile  # a start writes nothing, and this one takes a fiftieth of it

    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
