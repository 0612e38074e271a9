"""The programs that emulate a TPM, and what they can do (`virTPMEmulatorInit`, `virTPMSwtpmSetupCapsGet`)."""

from __future__ import annotations

import json
import os
import shutil
from functools import lru_cache
from typing import NamedTuple

from virtloom.driver.work import process
from virtloom.errors import VirtError, system_error

PROGRAMS = {"swtpm": ("socket",), "swtpm_setup": (), "swtpm_ioctl": None}  # with what precedes the question
VERSIONS = {"tpm-1.2": "1.2", "tpm-2.0": "2.0"}
PASSPHRASE, RECONFIGURE = "cmdarg-pwdfile-fd", "cmdarg-reconfigure-pcr-banks"
CONFIG_FILES = "cmdarg-create-config-files"
ANSWERS_WITHIN = 10.0  # seconds for a program to say what it can do


class Program(NamedTuple):
    """One of the programs."""

    path: str
    features: frozenset[str]

    def can(self, feature: str) -> bool:
        """Whether it says that it has a feature."""
        return feature in self.features


class SwTpm(NamedTuple):
    """The programs that are needed."""

    swtpm: Program
    setup: Program

    @classmethod
    def installed(cls) -> SwTpm:
        """What is installed.

        :raises VirtError: SYSTEM_ERROR, naming the first that is missing.
        """
        found = {}
        for name, first in PROGRAMS.items():
            path = shutil.which(name)
            if path is None:
                missing = FileNotFoundError(2, os.strerror(2))
                raise system_error(missing, f"Unable to find '{name}' binary in $PATH")
            found[name] = Program(path, frozenset() if first is None else _features(path, os.stat(path).st_mtime_ns))
        return cls(found["swtpm"], found["swtpm_setup"])


@lru_cache(maxsize=8)
def _features(path: str, changed: int) -> frozenset[str]:
    """What a program says that it can do; nothing, if it does not know the question.

    :param changed: when it was changed, so that another one is asked anew.
    """
    first = PROGRAMS.get(os.path.basename(path)) or ()
    told = process.run([path, *first, "--print-capabilities"], deadline=ANSWERS_WITHIN, check=False)
    try:
        return frozenset(json.loads(told.stdout)["features"]) if told.status == 0 else frozenset()
    except (ValueError, KeyError, TypeError):
        return frozenset()


def tpm_versions() -> tuple[str, ...]:
    """The versions that this host can emulate; () if it can emulate none."""
    try:
        setup = SwTpm.installed().setup
    except VirtError:
        return ()
    return tuple(version for feature, version in VERSIONS.items() if setup.can(feature))
