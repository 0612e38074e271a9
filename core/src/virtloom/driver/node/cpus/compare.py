"""Whether one processor can do all that another is to do (`virCPUCompare` for x86)."""

from __future__ import annotations

from collections.abc import Set

from virtloom.driver.node.cpus.baseline import features_of, known_features
from virtloom.driver.node.cpus.described import DescribedCpu
from virtloom.driver.node.cpus.features import in_order
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

INCOMPATIBLE, IDENTICAL, SUPERSET = 0, 1, 2  # virCPUCompareResult
X86 = ("i686", "x86_64")


def compare(has: Set[str], vendor: str | None, cpu: DescribedCpu, *, fail: bool = False) -> int:
    """How a host's processor compares: 0 if it lacks something, 1 if both are alike, 2 if it has more.

    :param has: the features of the host's; :param vendor: who made it.
    :param fail: whether it is an error if it lacks something.
    :raises VirtError: CPU_INCOMPATIBLE with what it lacks, INTERNAL_ERROR for what nobody knows.
    """
    problem, result = _compared(has, vendor, cpu)
    if problem is not None and fail:
        raise VirtError(ErrorCode.CPU_INCOMPATIBLE, problem, ErrorDomain.CPU)
    return result


def _compared(has: Set[str], vendor: str | None, cpu: DescribedCpu) -> tuple[str | None, int]:
    if cpu.arch is not None and cpu.arch not in X86:
        return f"CPU arch {cpu.arch} does not match host arch", INCOMPATIBLE
    if cpu.vendor is not None and cpu.vendor != vendor:
        return f"host CPU vendor does not match required CPU vendor {cpu.vendor}", INCOMPATIBLE
    said = {policy: known_features(cpu.named(policy)) for policy in ("force", "optional", "disable", "forbid")}
    bare = DescribedCpu(cpu.arch, cpu.model, None, dict.fromkeys(cpu.named("require"), "require"))
    required = features_of(bare) - said["force"] - said["optional"] - said["disable"]
    forbidden = said["forbid"] & has
    if forbidden:
        return f"Host CPU provides forbidden features: {_list(forbidden)}", INCOMPATIBLE
    if not required <= has:
        return f"Host CPU does not provide required features: {_list(required - has)}", INCOMPATIBLE
    extra = has - required - said["optional"] - said["disable"] - said["force"]
    if extra and cpu.arch is None and cpu.match == "strict":
        return f"Host CPU does not strictly match guest CPU: Extra features: {_list(extra)}", INCOMPATIBLE
    return None, SUPERSET if extra else IDENTICAL


def _list(names: Set[str]) -> str:
    return ", ".join(in_order(names))
