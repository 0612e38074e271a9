"""The controller: a small process beside each container, which outlives the daemon as the container does.

It gives the container its consoles and its `/proc/meminfo`, runs lxc-start, learns of each boot of init, and tells
whoever connects to its socket how things stand: one line of JSON, again after each change. At the end it leaves the
last line in a file, for a daemon that was away. It does what `libvirt_lxc` does for libvirt.

What is in this folder imports nothing but a few modules of the standard library, because there is one such process for
each container.
"""

from __future__ import annotations

import sys
from pathlib import Path

SOURCES = Path(__file__).parents[3]
MAIN = f"import sys; sys.path.insert(0, {str(SOURCES)!r}); from {__name__}.main import main; main()"


# It waits for a line, and does nothing if there is none, because the daemon died: the next one knows nothing of it.
TOLD = ("sh", "-c", 'read go && exec "$@" </dev/null', "sh")
# What a controller mounts is seen by its container alone, and gone with it; what the host mounts is seen there too.
APART = ("unshare", "--mount", "--propagation", "slave")


def command(spec: str) -> list[str]:
    """The command that runs a controller when it is told to, with nothing of the environment's."""
    return [*TOLD, *APART, sys.executable, "-I", "-S", "-c", MAIN, spec]
