"""A daemon of one's own, in a process of its own, gone without a trace afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any

from virtloom_testing.control import Control
from virtloom_testing.settings import configuration, scratch_root

if TYPE_CHECKING:
    from typing import Self

READY_WITHIN = 30.0  # seconds; a busy machine is no reason to fail
STOPS_WITHIN = 10.0


class Scratch(Control):
    """A daemon with the test driver alone, for the length of a `with` block.

    :param settings: keys of the section `[driver.test]`; those of `virtloom-test` unless given.
    """

    def __init__(self, **settings: Any) -> None:
        self.root = scratch_root()
        super().__init__(self.root / "run" / "virtloom-admin-sock")
        self.log = self.root / "daemon.log"
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def uri(self) -> str:
        """The URI of `test:///default` on this daemon."""
        return self.uri_of("/default")

    def uri_of(self, path: str) -> str:
        """The URI of a host on this daemon.

        :param path: `/default`, `/host/7`, `/NAME` or a file's.
        """
        return f"test+unix://{path}?socket={self.root / 'run' / 'virtloom-sock'}"

    @property
    def environment(self) -> Mapping[str, str]:
        """What to set so that libvirt's clients come here with no URI of their own."""
        return {"LIBVIRT_DEFAULT_URI": self.uri, "VIRTLOOM_ROOT": str(self.root)}

    def __enter__(self) -> Self:
        config = self.root / "etc" / "virtloomd.toml"
        config.parent.mkdir(parents=True)
        config.write_text(configuration(self._settings))
        reader, writer = os.pipe()
        command = [sys.executable, "-m", "virtloom.cli.daemon", "--root", str(self.root), "--only", "test"]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--ready-fd", str(writer)],
                pass_fds=(writer,),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        os.close(writer)
        with os.fdopen(reader) as ready:
            said = ready.readline()
        if not said:
            text = self.log.read_text()
            self._end()
            raise RuntimeError(f"the test daemon did not start:\n{text}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        process = self._process
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOPS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.root, ignore_errors=True)
