"""Processors: what several have in common, and whether one is as good as another."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from virtloom.driver.node.cpus.baseline import baseline, hypervisor_baseline
from virtloom.driver.node.cpus.compare import X86, compare
from virtloom.driver.node.cpus.described import parse_cpu
from virtloom.driver.node.cpus.features import named
from virtloom.driver.node.cpus.host import VENDORS, host_cpu
from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.capabilities.processor import features_on, usable_models
from virtloom_qemu.domains.host import HostCalls

EXPAND, MIGRATABLE = 1, 2  # virConnectBaselineCPUFlags
FAIL, VALIDATE = 1, 2  # virConnectCompareCPUFlags
UNTOLD = frozenset({"cmt", "mbm_total", "mbm_local", "osxsave", "ospke"})  # features that QEMU does not have by name


class Cpus(HostCalls):
    """The calls that compare processors."""

    def connect_baseline_cpu(self, xml_cpus: Sequence[str], flags: int) -> str:
        """`virConnectBaselineCPU`"""
        self._check_flags(flags, EXPAND | MIGRATABLE, "ConnectBaselineCPU")
        return baseline(xml_cpus, expand=bool(flags & EXPAND), migratable=bool(flags & MIGRATABLE), without=UNTOLD)

    def connect_baseline_hypervisor_cpu(
        self,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpus: Sequence[str],
        flags: int,
    ) -> str:
        """`virConnectBaselineHypervisorCPU`"""
        self._check_flags(flags, EXPAND | MIGRATABLE, "ConnectBaselineHypervisorCPU")
        for text in xml_cpus:
            parse_cpu(text)  # what is wrong with them is told first
        choice = self._choice(emulator, arch, machine, virttype)
        if choice.arch not in X86:
            detail = f"computing baseline hypervisor CPU is not supported for arch {choice.arch}"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        usable = usable_models(choice.emulator, choice.arch, choice.domain_type)
        if not usable:
            path, kind = choice.emulator.path, choice.domain_type
            detail = f"QEMU '{path}' does not support any CPU models for virttype '{kind}'"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        most = choice.emulator.most(choice.domain_type)
        able = {feature.name for name in most if (feature := named(name)) is not None} if most else None
        return hypervisor_baseline(
            xml_cpus, usable, able, expand=bool(flags & EXPAND), migratable=bool(flags & MIGRATABLE)
        )

    def connect_compare_cpu(self, xml: str, flags: int) -> int:
        """`virConnectCompareCPU`: with this host's: 0 if it lacks something, 1 if both are alike, 2 if it has more."""
        self._check_flags(flags, FAIL | VALIDATE, "ConnectCompareCPU")
        if platform.machine() not in X86:
            detail = f"cannot compare CPUs of {platform.machine()} architecture"
            raise VirtError(ErrorCode.NO_SUPPORT, detail)
        host = host_cpu()
        return compare(host.features, host.vendor, parse_cpu(xml), fail=bool(flags & FAIL))

    def connect_compare_hypervisor_cpu(
        self,
        emulator: str | None,
        arch: str | None,
        machine: str | None,
        virttype: str | None,
        xml_cpu: str,
        flags: int,
    ) -> int:
        """`virConnectCompareHypervisorCPU`: with the most that an emulator can give, as `connect_compare_cpu`."""
        self._check_flags(flags, FAIL | VALIDATE, "ConnectCompareHypervisorCPU")
        choice = self._choice(emulator, arch, machine, virttype)
        most = choice.emulator.most(choice.domain_type)
        if not most:
            path, kind = choice.emulator.path, choice.domain_type
            detail = f"QEMU '{path}' does not support reporting CPU model for virttype '{kind}'"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        if choice.arch not in X86:
            detail = f"comparing with the hypervisor CPU is not supported for arch {choice.arch}"
            raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
        vendor = VENDORS.get(str(most.get("vendor", "")))
        return compare(features_on(most), vendor, parse_cpu(xml_cpu), fail=bool(flags & FAIL))
