"""Control groups: where they are mounted, and what a guest's group is told and tells, whatever their version."""

from virtloom.driver.cgroups.files import File
from virtloom.driver.cgroups.group import Group
from virtloom.driver.cgroups.hierarchy import Hierarchy, host_hierarchy

__all__ = ["File", "Group", "Hierarchy", "host_hierarchy"]
