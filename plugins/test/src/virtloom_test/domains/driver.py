"""The domain driver, put together from its parts; each part is a file that says what it is about."""

from __future__ import annotations

from virtloom.driver.domains import DomainMetadata
from virtloom_test.domains.config import Configuration
from virtloom_test.domains.guest import Guest
from virtloom_test.domains.iothreads import IoThreads
from virtloom_test.domains.lookup import Lookup
from virtloom_test.domains.moments.checkpoints import Checkpoints
from virtloom_test.domains.moments.snapshots import Snapshots
from virtloom_test.domains.save import Saving
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.statistics import PlayedStatistics, Statistics
from virtloom_test.domains.tuning import Tuning
from virtloom_test.domains.work.block_jobs import BlockJobs
from virtloom_test.domains.work.jobs import JobCalls
from virtloom_test.domains.work.migration import FEATURES, Migration
from virtloom_test.hosts.cpu_models import CpuModels
from virtloom_test.hosts.info import HostInfo
from virtloom_test.hosts.recorded import RecordedInfo


class TestDomains(
    Lookup,
    Saving,
    Configuration,
    DomainMetadata[TestDomain],
    Tuning,
    IoThreads,
    Guest,
    Statistics,
    Snapshots,
    Checkpoints,
    HostInfo,
    CpuModels,
):
    """One host's domains: the calls that libvirt's test driver has."""

    __test__ = False  # the name begins as pytest's classes do


class PlayedDomains(PlayedStatistics, TestDomains, JobCalls, BlockJobs, Migration):
    """One host's domains, with what libvirt's test driver does not have."""

    features = FEATURES


class RecordedDomains(RecordedInfo, PlayedDomains):
    """The domains of a host that says of itself what a real one said."""
