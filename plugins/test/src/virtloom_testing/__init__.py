"""For who tests software that uses libvirt: a scratch daemon that does what it is told, faults included.

    from virtloom_testing import Scratch

    with Scratch() as loom:
        loom.fault(do="error", call="domain_create*", message="no more memory")
        connection = libvirt.open(loom.uri)

The command `virtloom-test` does the same for a shell, `virtloom_testing.pytest_plugin` for pytest.
"""

from virtloom_testing.control import Control
from virtloom_testing.scratch import Scratch

__all__ = ["Control", "Scratch"]
