"""The domain driver, put together from its parts; each part is a file that says what it is about."""

from __future__ import annotations

from virtloom_test.checkpoints import Checkpoints
from virtloom_test.config import Configuration
from virtloom_test.cpu_models import CpuModels
from virtloom_test.guest import Guest
from virtloom_test.host_info import HostInfo
from virtloom_test.iothreads import IoThreads
from virtloom_test.lookup import Lookup
from virtloom_test.metadata import Metadata
from virtloom_test.save import Saving
from virtloom_test.snapshots import Snapshots
from virtloom_test.tuning import Tuning


class TestDomains(
    Lookup, Saving, Configuration, Metadata, Tuning, IoThreads, Guest, Snapshots, Checkpoints, HostInfo, CpuModels
):
    """One host's domains."""

    __test__ = False  # the name begins as pytest's classes do
