"""A daemon that dies at any step of a container's start or end leaves the next one nothing half made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from containers import image_of, links, unique

WITHIN = 600  # seconds for all lives together


def test_a_crash_before_any_step_of_a_start_or_an_end_leaves_a_container_or_nothing(
    scratch: Path, root: Path, bridge: str
) -> None:
    name, before = unique("x"), links()
    image_of(root, scratch / "image")
    program = [sys.executable, str(Path(__file__).with_name("crashing.py")), str(scratch), bridge, f"name={name}"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=WITHIN)
    lives = [json.loads(line) for line in done.stdout.splitlines()]
    for life in lives:
        assert life["left"] == "[]", f"left over by the crash before {life}: {done.stderr}"
    assert lives[-1]["status"] == 0, done.stderr
    assert len(lives) > 20, "the steps of a start were not seen"
    assert links() == before
