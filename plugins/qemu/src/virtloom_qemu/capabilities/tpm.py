"""The TPMs that this host can emulate (`virTPMSwtpmSetupCapsGet`)."""

from __future__ import annotations

import shutil

SWTPM = ("swtpm", "swtpm_setup")


def tpm_versions() -> tuple[str, ...]:
    """The versions of the emulator that is installed; () if none is."""
    return ("1.2", "2.0") if all(shutil.which(program) for program in SWTPM) else ()
