"""`virtloom_lxc.container.limits`: what a definition asks for, and a host that cannot keep it."""

from __future__ import annotations

from pathlib import Path

import pytest

from virtloom.driver.cgroups import Hierarchy
from virtloom.errors import VirtError
from virtloom_lxc.container import limits
from virtloom_lxc.rules import RULES

GUEST = """<domain type='lxc'><name>a</name><memory>65536</memory>%s
  <os><type>exe</type><init>/bin/sh</init></os></domain>"""


@pytest.mark.parametrize(
    ("missing", "more", "said"),
    [
        ("memory", "", "Unable to find 'memory' cgroups controller mount"),
        ("cpuacct", "", "Unable to find 'cpuacct' cgroups controller mount"),
        ("cpu", "<cputune><shares>100</shares></cputune>", "CPU tuning is not available on this host"),
        ("cpuset", "<vcpu cpuset='0'>1</vcpu>", "cgroup cpuset is required"),
        ("blkio", "<blkiotune><weight>200</weight></blkiotune>", "Block I/O tuning is not available on this host"),
    ],
)
def test_limits_that_the_host_cannot_keep_are_refused(missing: str, more: str, said: str, tmp_path: Path) -> None:
    every = dict.fromkeys(("memory", "cpu", "cpuacct", "cpuset", "blkio", "devices"), tmp_path)
    domain = RULES.parse(GUEST % more)
    limits.require(domain, Hierarchy(every))
    del every[missing]
    with pytest.raises(VirtError, match=said):
        limits.require(domain, Hierarchy(every))
    if missing not in ("memory", "cpuacct"):
        limits.require(RULES.parse(GUEST % ""), Hierarchy(every))
