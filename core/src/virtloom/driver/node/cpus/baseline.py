"""The processor that all of some hosts can give to a guest (`virCPUBaseline`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from typing import NamedTuple

from virtloom.driver.node.cpus.described import HostCpu, parse_host_cpu
from virtloom.driver.node.cpus.features import features, in_order
from virtloom.driver.node.cpus.models import Model, models
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node

VENDORS = ("Intel", "AMD", "Hygon")
NEVER = frozenset({"cpu64-rhel5", "cpu64-rhel6"})  # models that no guest is told to be
HOSTS_ALONE = "-noTSX"  # neither are those of newer processors that end so: see `_for_guests`
PENALTY = 2  # what the first feature that a model has too much counts; the next ones count one more each


class GuestCpu(NamedTuple):
    """A guest's processor: a model, and features that it has besides (True) or lacks (False), in order."""

    model: str
    features: dict[str, bool]
    vendor: str | None = None
    exactly: bool = False


def baseline(texts: Sequence[str], *, expand: bool = False) -> str:
    """The document of a guest's `<cpu>` that all hosts can have.

    :param texts: the hosts' `<cpu>` documents.
    :param expand: whether the features of the model are listed too.
    :raises VirtError: OPERATION_FAILED if the hosts have nothing in common; otherwise if a description is wrong.
    """
    if not texts:
        raise VirtError(ErrorCode.INVALID_ARG, "no CPUs given", ErrorDomain.CPU)
    hosts = [parse_host_cpu(text) for text in texts]
    arch = hosts[0].arch
    if arch not in BASELINES:
        detail = f"'{arch}' architecture is not supported by CPU driver"
        if arch.startswith("s390"):
            detail = f"cannot compute baseline CPU of {arch} architecture"
        raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.CPU)
    found = BASELINES[arch](hosts)
    return document.write(_node(_expanded(found) if expand else found))


def _node(cpu: GuestCpu) -> Node:
    root = Node("cpu", {"mode": "custom", "match": "exact"})
    root.add("model", {"fallback": "forbid" if cpu.exactly else "allow"}, cpu.model)
    if cpu.vendor is not None:
        root.add("vendor", text=cpu.vendor)
    for name, has in cpu.features.items():
        root.add("feature", {"policy": "require" if has else "disable", "name": name})
    return root


def _expanded(cpu: GuestCpu) -> GuestCpu:
    """With the features of its model, all by name (`virCPUExpandFeatures`)."""
    model = models().get(cpu.model)
    if model is None:
        return cpu
    has = dict.fromkeys(model.features, True) | cpu.features
    has |= {name: False for name in model.removed if name not in has}
    return cpu._replace(features=dict(sorted(has.items())))


# x86: the model that needs the fewest changes.


def x86(hosts: Sequence[HostCpu]) -> GuestCpu:
    """For processors of x86 (`virCPUx86Baseline`)."""
    common = _has(hosts[0])
    vendor = hosts[0].vendor
    if vendor is not None:
        _known(vendor)
    for host in hosts[1:]:
        has, theirs = _has(host), _vendor(host)
        if theirs is not None and vendor is None:
            vendor = _known(theirs)
        elif theirs is not None and theirs != vendor:
            raise _failed("CPU vendors do not match")
        common &= has
    if not common:
        raise _failed("CPUs are incompatible")
    names = list(dict.fromkeys(host.model for host in hosts))
    found = _closest(common, vendor, names)
    told = vendor if all(host.vendor is not None for host in hosts) else None
    return found._replace(vendor=told, exactly=names == [found.model])


def _has(host: HostCpu) -> set[str]:
    """The features of a host, by name."""
    model = models().get(host.model)
    if model is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown CPU model {host.model}", ErrorDomain.CPU)
    unknown = next((name for name in host.features if name not in features()), None)
    if unknown is not None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown CPU feature {unknown}", ErrorDomain.CPU)
    return {*model.features, *host.features}


def _vendor(host: HostCpu) -> str | None:
    """Who made a host's processor, as it says or as its model tells."""
    made_by = models()[host.model].vendor
    if host.vendor is not None and made_by is not None and host.vendor != made_by:
        raise _failed(f"CPU vendor {made_by} of model {host.model} differs from vendor {host.vendor}")
    return host.vendor or made_by


def _known(vendor: str) -> str:
    if vendor not in VENDORS:
        raise _failed(f"Unknown CPU vendor {vendor}")
    return vendor


def _closest(has: Set[str], vendor: str | None, preferred: Sequence[str]) -> GuestCpu:
    """The model that is most like some features (`x86Decode`): the newest are looked at first."""
    best: GuestCpu | None = None
    for model in reversed(models().values()):
        if (vendor and model.vendor and vendor != model.vendor) or not _for_guests(model):
            continue
        candidate = _like(model, has)
        if [model.name] == list(preferred):
            return candidate
        if best is None or _is_better(candidate, best, model.name in preferred):
            best = candidate
    if best is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "Cannot find suitable CPU model for given data", ErrorDomain.CPU)
    return best


def _for_guests(model: Model) -> bool:
    """Whether guests may be told to be such a model (`<decode guest=...>` in libvirt's CPU map)."""
    newer = model.name.startswith(("Skylake", "Cascadelake", "Icelake"))
    return model.name not in NEVER and not (newer and HOSTS_ALONE in model.name)


def _like(model: Model, has: Set[str]) -> GuestCpu:
    """A model, changed to have just some features."""
    changes = dict.fromkeys(in_order(has - model.features), True)
    changes |= dict.fromkeys(in_order(model.features - has), False)
    return GuestCpu(model.name, changes | {name: False for name in model.removed if name not in changes})


def _is_better(candidate: GuestCpu, best: GuestCpu, preferred: bool) -> bool:
    """Whether a model needs fewer changes (`virCPUx86CompareCandidateFeatureList`)."""
    (more, lacks), (best_more, best_lacks) = _cost(candidate), _cost(best)
    fewer = (more + lacks, lacks) < (best_more + best_lacks, best_lacks)
    return fewer or (preferred and lacks < best_lacks)


def _cost(cpu: GuestCpu) -> tuple[int, int]:
    """What the features count that are added, and those that are taken away.

    libvirt ends its walk over them early, at a bound that it lowers with each that is taken away.
    """
    changes = list(cpu.features.values())
    left, lacks, penalty, at = len(changes), 0, PENALTY, 0
    while at < left:
        if not changes[at]:
            left -= 1
            lacks += penalty
            penalty += 1
        at += 1
    return left, lacks


# Other architectures have no features to compare.


def power(hosts: Sequence[HostCpu]) -> GuestCpu:
    """For POWER processors (`virCPUppc64Baseline`): all must be alike."""
    model = hosts[0].model
    if not model.startswith("POWER"):
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"Unknown CPU model {model}", ErrorDomain.CPU)
    made_by = "Freescale" if model.startswith("POWERPC") else "IBM"
    for host in hosts:
        if host.model != model:
            raise _failed("CPUs are incompatible")
        if host.vendor not in (None, "IBM", "Freescale"):
            raise _failed(f"Unknown CPU vendor {host.vendor}")
        if host.vendor not in (None, made_by):
            raise _failed(f"CPU vendor {made_by} of model {model} differs from vendor {host.vendor}")
    return GuestCpu(model, {}, exactly=True)


def arm(hosts: Sequence[HostCpu]) -> GuestCpu:
    """For ARM's (`virCPUarmBaseline`): the first one's."""
    return GuestCpu(hosts[0].model, {})


BASELINES: dict[str, Callable[[Sequence[HostCpu]], GuestCpu]] = {
    **dict.fromkeys(("i686", "x86_64"), x86),
    **dict.fromkeys(("ppc64", "ppc64le"), power),
    **dict.fromkeys(("armv6l", "armv7b", "armv7l", "aarch64"), arm),
}


def _failed(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.CPU)
