"""A daemon that dies at any step of a container's start or end leaves the next one nothing half made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from containers import image_of, links, unique

STEPS_MAX = 400


def test_a_crash_before_any_step_of_a_start_or_an_end_leaves_a_container_or_nothing(
    scratch: Path, root: Path, bridge: str
) -> None:
    name, before = unique("x"), links()
    image_of(root, scratch / "image")
    program = [sys.executable, str(Path(__file__).with_name("crashing.py")), str(scratch), bridge]
    for step in range(1, STEPS_MAX):
        done = subprocess.run([*program, f"{name}={step}"], capture_output=True, text=True, timeout=120)
        left, *rest = done.stdout.splitlines() or [f"step {step}: {done.stderr}"]
        assert json.loads(left) == [], f"left over by a crash before step {step - 1}: {left}"
        if rest:
            assert rest == ["started and destroyed"], done.stderr
            break
        assert done.returncode < 0, f"step {step}: {done.stderr}"
    else:
        raise AssertionError(f"{STEPS_MAX} steps and no end")
    assert step > 20, "the steps of a start were not seen"
    assert links() == before
