"""The part of the hierarchies that a guest's group stands in (`<resource><partition>`, `virCgroupNewPartition`)."""

from __future__ import annotations

from virtloom.driver.cgroups.hierarchy import Hierarchy
from virtloom.xmldef.document import Node

DEFAULT = "/machine"
FIXED = ("machine", "system", "user")  # on the first level; all others have a suffix
SUFFIX = ".partition"


def partition_of(resource: Node | None) -> str:
    """The partition that a definition names, or the one for all guests."""
    named = resource.find("partition") if resource is not None else None
    return named.text if named is not None and named.text else DEFAULT


def place_of(partition: str) -> str:
    """Where a partition is below each mount, without a slash in front (`virCgroupSetPartitionSuffix`)."""
    names = [name for name in partition.split("/") if name]
    shown = [
        name if "." in name or (level == 0 and name in FIXED) else f"{name}{SUFFIX}" for level, name in enumerate(names)
    ]
    return "/".join(shown)


def missing(partition: str, hierarchy: Hierarchy) -> str | None:
    """Where a partition is not there: a controller's name, or that of version 2's mount; None if it is everywhere.

    The one for all guests is made when it is needed; whoever names another has made it.
    """
    if partition == DEFAULT:
        return None
    place = place_of(partition)
    mounts = [(f"v1 controller {name}", mount) for name, mount in sorted(hierarchy.legacy.items()) if name != "systemd"]
    if hierarchy.controllers and hierarchy.unified is not None:
        mounts.append(("v2 cgroup", hierarchy.unified))
    first = sorted(mounts, key=lambda one: not one[0].endswith(" cpu"))
    return next((what for what, mount in first if not (mount / place).is_dir()), None)
