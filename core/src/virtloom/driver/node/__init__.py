"""What drivers of real hosts tell of the host: its processors, its memory, its topology, from the kernel's files.

`NodeCalls` has the calls; a driver mixes it in. All of it is read anew at each call and needs no lock.
"""

from virtloom.driver.node.calls import NodeCalls

__all__ = ["NodeCalls"]
