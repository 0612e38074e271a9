"""A domain's definition as QEMU's command line: one file for each family of devices.

live = prepare(domain, context)      # aliases, names of block nodes, sockets: what belongs to one run
line = build(live, context)          # argv, environment, and the descriptors that QEMU is to be given
"""

from virtloom_qemu.command.build import build
from virtloom_qemu.command.context import Context
from virtloom_qemu.command.line import CommandLine
from virtloom_qemu.command.prepare import prepare

__all__ = ["CommandLine", "Context", "build", "prepare"]
