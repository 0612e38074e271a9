"""The processors that libvirt 9.0 knows by name."""

from __future__ import annotations

from virtloom.driver.flags import check_flags
from virtloom.driver.node.cpu_models import model_names
from virtloom_test.domains.base import DomainsBase


class CpuModels(DomainsBase):
    """The calls about processors' names."""

    def connect_get_cpu_model_names(self, arch: str, flags: int) -> list[str]:
        """`virConnectGetCPUModelNames`; an architecture without names accepts any."""
        check_flags(flags, 0, "testConnectGetCPUModelNames")
        return model_names(arch)
