"""The static checker of locks: reads Python source and reports where it breaks the rules, before it ever runs.

It reports the six things that libvirt's static checker of 2009 reported, and what only sleeping, logging or a bare
`acquire` under a lock would. `codes` has the table; `check` runs it. Uses the standard library alone.
"""

from virtloom.lint.check import check_paths
from virtloom.lint.codes import CODES, Code
from virtloom.lint.problem import Problem

__all__ = ["CODES", "Code", "Problem", "check_paths"]
