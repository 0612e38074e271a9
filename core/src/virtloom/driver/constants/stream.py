"""libvirt's public constants for streams.

One class for each enum of the API, named as it is without `vir`; plain integers, so that a flag set is an `int` as it
is on the wire.
"""

from typing import Final


class StreamEvent:
    """`virStreamEventType`"""

    READABLE: Final = 1
    WRITABLE: Final = 2
    ERROR: Final = 4
    HANGUP: Final = 8


class StreamFlags:
    """`virStreamFlags`"""

    NONBLOCK: Final = 1


class StreamRecvFlags:
    """`virStreamRecvFlagsValues`"""

    STOP_AT_HOLE: Final = 1
