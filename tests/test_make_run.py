"""`make run ONCE=1` ends with a running guest, listed by virsh."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from daemons import needs

ROOT = Path(__file__).parent.parent


def test_the_first_guest_is_shown_running() -> None:
    needs("virsh", "libvirt-clients")
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "run.py"), "--once"], capture_output=True, text=True, timeout=120
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    last_table = finished.stdout.rpartition("list --all")[0]
    assert "first   running" in last_table
