"""Processors: those that libvirt 9.0 knows by name, and what several have in common."""

from __future__ import annotations

from collections.abc import Sequence

from virtloom.driver.flags import check_flags
from virtloom.driver.node.cpu_models import model_names
from virtloom.driver.node.cpus.baseline import baseline
from virtloom_test.domains.base import DomainsBase

EXPAND_FEATURES = 1  # VIR_CONNECT_BASELINE_CPU_EXPAND_FEATURES


class CpuModels(DomainsBase):
    """The calls about processors' models."""

    def connect_get_cpu_model_names(self, arch: str, flags: int) -> list[str]:
        """`virConnectGetCPUModelNames`; an architecture without names accepts any."""
        check_flags(flags, 0, "testConnectGetCPUModelNames")
        return model_names(arch)

    def connect_baseline_cpu(self, xmlCPUs: Sequence[str], flags: int) -> str:
        """`virConnectBaselineCPU`"""
        check_flags(flags, EXPAND_FEATURES, "testConnectBaselineCPU")
        return baseline(xmlCPUs, expand=bool(flags & EXPAND_FEATURES))
