"""The processor that all of some hosts can give to a guest (`virCPUBaseline`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import NamedTuple

from virtloom.driver.node.cpu_models import POWER
from virtloom.driver.node.cpus.described import HAS, LACKS, DescribedCpu, parse_cpu, parse_host_cpu
from virtloom.driver.node.cpus.features import in_order, named, need_named
from virtloom.driver.node.cpus.models import Model, models, need_model
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node

VENDORS = ("Intel", "AMD", "Hygon")
NEVER = frozenset({"cpu64-rhel5", "cpu64-rhel6"})  # models that no guest is told to be
HOSTS_ALONE = "-noTSX"  # neither are those of newer processors that end so: see `_for_guests`
STAYING = frozenset({"xsaves", "invtsc"})  # features that keep a guest where it is
PENALTY = 2  # what the first feature that a model has too much counts; the next ones count one more each


Signature = tuple[int, int, int]  # family, model, stepping


class GuestCpu(NamedTuple):
    """A guest's processor: a model, and features that it has besides (True) or lacks (False), in order."""

    model: str
    features: dict[str, bool]
    vendor: str | None = None
    exactly: bool = False


def baseline(
    texts: Sequence[str], *, expand: bool = False, migratable: bool = False, without: Set[str] = frozenset()
) -> str:
    """The document of a guest's `<cpu>` that all hosts can have.

    :param texts: the hosts' `<cpu>` documents.
    :param expand: whether the features of the model are listed too.
    :param migratable: whether features that keep a guest from being migrated are left out.
    :param without: other features that are not told.
    :raises VirtError: OPERATION_FAILED if the hosts have nothing in common; otherwise if a description is wrong.
    """
    if not texts:
        raise VirtError(ErrorCode.INVALID_ARG, "no CPUs given", ErrorDomain.CPU)
    hosts = [parse_host_cpu(text) for text in texts]
    arch = hosts[0].arch
    if arch is None or arch not in BASELINES:
        detail = f"'{arch}' architecture is not supported by CPU driver"
        if str(arch).startswith("s390"):
            detail = f"cannot compute baseline CPU of {arch} architecture"
        raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.CPU)
    found = BASELINES[arch](hosts)
    untold = {*without, *(STAYING if migratable else ())}
    found = found._replace(features={name: has for name, has in found.features.items() if name not in untold})
    return document.write(_node(_expanded(found) if expand else found))


def hypervisor_baseline(
    texts: Sequence[str],
    usable: Mapping[str, Sequence[str]],
    able: Set[str] | None,
    *,
    expand: bool = False,
    migratable: bool = False,
) -> str:
    """The document of a guest's `<cpu>` that all of some hosts or guests can have and a hypervisor of x86 can give.

    :param usable: able: see `x86`; the other parameters are those of `baseline`.
    :raises VirtError: as `baseline`.
    """
    cpus = [parse_cpu(text) for text in texts]
    if not cpus:
        raise VirtError(ErrorCode.INVALID_ARG, "no CPUs given", ErrorDomain.CPU)
    for place, cpu in enumerate(cpus):
        if cpu.model is None:
            raise VirtError(ErrorCode.INVALID_ARG, f"no CPU model specified at index {place}", ErrorDomain.CPU)
    found = x86(cpus, usable, able)
    untold = STAYING if migratable else frozenset()
    found = found._replace(
        features={name: has for name, has in found.features.items() if name not in untold}, exactly=True
    )
    return document.write(_node(_expanded(found) if expand else found))


def most_like(
    has: Set[str],
    vendor: str | None,
    usable: Mapping[str, Sequence[str]],
    signature: Signature | None,
    *,
    migratable: bool = False,
) -> Node:
    """The `<cpu>` that is most like what a hypervisor can give (`host-model`); the parameters are those of `closest`.

    :param migratable: whether features that keep a guest from being migrated are left out.
    """
    found = closest(has, vendor, (), usable, signature)
    untold = STAYING if migratable else frozenset()
    features = {name: there for name, there in found.features.items() if name not in untold}
    return _node(found._replace(features=features, vendor=vendor, exactly=True))


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


def x86(
    hosts: Sequence[DescribedCpu], usable: Mapping[str, Sequence[str]] | None = None, able: Set[str] | None = None
) -> GuestCpu:
    """For processors of x86 (`virCPUx86Baseline`).

    :param usable: the models that a hypervisor has, with the features that it cannot give each; None for all.
    :param able: the features that it knows; None for all.
    """
    common = features_of(hosts[0])
    vendor = hosts[0].vendor
    if vendor is not None:
        _known(vendor)
    for host in hosts[1:]:
        has, theirs = features_of(host), _vendor(host)
        if theirs is not None and vendor is None:
            vendor = _known(theirs)
        elif theirs is not None and theirs != vendor:
            raise _failed("CPU vendors do not match")
        common &= has
    common = common if able is None else common & able
    if not common:
        raise _failed("CPUs are incompatible")
    names = list(dict.fromkeys(host.model for host in hosts if host.model is not None))
    found = closest(common, vendor, names, usable)
    told = vendor if all(host.vendor is not None for host in hosts) else None
    return found._replace(vendor=told, exactly=names == [found.model])


def features_of(cpu: DescribedCpu) -> set[str]:
    """The features that a processor is described to have, by name (`x86ModelFromCPU`).

    :raises VirtError: INTERNAL_ERROR for a model or a feature that nobody knows.
    """
    has = set() if cpu.model is None else set(need_model(cpu.model).features)
    return (has | known_features(cpu.named(*HAS))) - known_features(cpu.named(*LACKS))


def known_features(names: Set[str]) -> set[str]:
    """Features by libvirt's names for them.

    :raises VirtError: INTERNAL_ERROR for one that nobody knows.
    """
    return {need_named(name).name for name in names}


def _vendor(host: DescribedCpu) -> str | None:
    """Who made a host's processor, as it says or as its model tells."""
    made_by = None if host.model is None else need_model(host.model).vendor
    if host.vendor is not None and made_by is not None and host.vendor != made_by:
        raise _failed(f"CPU vendor {made_by} of model {host.model} differs from vendor {host.vendor}")
    return host.vendor or made_by


def _known(vendor: str) -> str:
    if vendor not in VENDORS:
        raise _failed(f"Unknown CPU vendor {vendor}")
    return vendor


def closest(
    has: Set[str],
    vendor: str | None,
    preferred: Sequence[str] = (),
    usable: Mapping[str, Sequence[str]] | None = None,
    signature: Signature | None = None,
) -> GuestCpu:
    """The model that is most like some features (`x86Decode`): the newest are looked at first.

    :param preferred: models that are as good as better ones; a single one is taken whatever it lacks.
    :param usable: see `x86`.
    :param signature: what the processor says that it is: once a model says the same, only such are looked at.
    """
    best: GuestCpu | None = None
    for model in reversed(models().values()):
        if (vendor and model.vendor and vendor != model.vendor) or not _for_guests(model):
            continue
        if usable is not None and model.name not in usable:
            continue
        candidate = _like(model, has, () if usable is None else usable[model.name])
        if [model.name] == list(preferred):
            return candidate
        fits = _signed(model, signature) - (best is not None and _signed(models()[best.model], signature))
        if best is None or fits > 0 or (fits == 0 and _is_better(candidate, best, model.name in preferred)):
            best = candidate
    if best is None:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "Cannot find suitable CPU model for given data", ErrorDomain.CPU)
    return best


def _signed(model: Model, signature: Signature | None) -> bool:
    """Whether processors of a model say that they are what one says."""
    if signature is None:
        return False
    family, number, stepping = signature
    for one in model.signatures:
        parts = one.split("/")
        low, _, high = (parts[2] if len(parts) > 2 else "0-255").partition("-")
        if (int(parts[0]), int(parts[1])) == (family, number) and int(low) <= stepping <= int(high or low):
            return True
    return False


def _for_guests(model: Model) -> bool:
    """Whether guests may be told to be such a model (`<decode guest=...>` in libvirt's CPU map)."""
    newer = model.name.startswith(("Skylake", "Cascadelake", "Icelake"))
    return model.name not in NEVER and not (newer and HOSTS_ALONE in model.name)


def _like(model: Model, has: Set[str], blocked: Sequence[str] = ()) -> GuestCpu:
    """A model, changed to have just some features.

    :param blocked: what the hypervisor's model of that name has and cannot give.
    """
    changes = dict.fromkeys(in_order(has - model.features), True)
    known = {one.name for name in blocked if (one := named(name)) is not None}
    changes |= dict.fromkeys(in_order((model.features - has) | (known - (has - model.features))), False)
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


def power(hosts: Sequence[DescribedCpu]) -> GuestCpu:
    """For POWER processors (`virCPUppc64Baseline`): all must be alike."""
    model = hosts[0].model or ""
    if model not in POWER.split():
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


def arm(hosts: Sequence[DescribedCpu]) -> GuestCpu:
    """For ARM's (`virCPUarmBaseline`): the first one's."""
    return GuestCpu(hosts[0].model or "", {})


BASELINES: dict[str, Callable[[Sequence[DescribedCpu]], GuestCpu]] = {
    **dict.fromkeys(("i686", "x86_64"), x86),
    **dict.fromkeys(("ppc64", "ppc64le"), power),
    **dict.fromkeys(("armv6l", "armv7b", "armv7l", "aarch64"), arm),
}


def _failed(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.CPU)
