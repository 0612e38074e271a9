"""A guest's process is started whole, or nothing of it is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtloom.errors import VirtError
from virtloom_qemu.process import launch


def test_a_process_whose_pid_file_cannot_be_written_is_ended(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = tmp_path / "told"
    command = ["/bin/sh", "-c", f"echo $$ > {told}; exec sleep 600"]
    with pytest.raises(VirtError, match="Failed to write pid file"):
        launch(command, log=tmp_path / "log", pid_file=tmp_path / "file" / "pid", env={})
    running = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(told).encode() in _words(path)]
    assert running == []
    if told.exists():
        assert not Path(f"/proc/{int(told.read_text())}").exists()


def _words(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
