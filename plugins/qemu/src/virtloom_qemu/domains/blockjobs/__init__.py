"""The calls about block jobs: one module for each job, one for what can be said to a job that runs."""

from __future__ import annotations

from virtloom_qemu.domains.blockjobs.committing import Committing
from virtloom_qemu.domains.blockjobs.controlling import Controlling
from virtloom_qemu.domains.blockjobs.copying import Copying


class BlockJobs(Copying, Committing, Controlling):
    """All calls about block jobs."""
