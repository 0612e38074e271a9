"""The configuration of a scratch daemon."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomli_w

# What a test wants of the driver, where libvirt's own would differ.
DEFAULTS: Mapping[str, Any] = {"keep_hosts": True, "extras": True}


ROOT_MAX = 70  # characters of a root: the paths of the sockets below it are limited to 107 bytes (unix(7))


def scratch_root() -> Path:
    """A new folder for a daemon, below TMPDIR unless its path is too long for sockets."""
    fits = len(tempfile.gettempdir()) <= ROOT_MAX
    return Path(tempfile.mkdtemp(prefix="loom-", dir=None if fits else "/tmp"))


def configuration(settings: Mapping[str, Any], schemes: Sequence[str] = ()) -> str:
    """The text of the configuration file.

    :param settings: keys of the section `[driver.test]`, over the usual ones.
    :param schemes: of the URIs that the test driver answers beside its own, `qemu`.
    """
    also = [f"{scheme}=test" for scheme in schemes]
    sections = {
        "server": {"stop_timeout": 2.0},
        "drivers": {"also": also},
        "driver": {"test": {**DEFAULTS, **settings}},
    }
    return tomli_w.dumps(sections)
