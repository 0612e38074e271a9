"""What a server allows its clients, in one immutable value that is replaced whole when it is reloaded.

Names and defaults are libvirtd.conf's where it has the key.
"""

from __future__ import annotations

from dataclasses import dataclass

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.wire.message import FRAME_MAX, STREAM_CHUNK


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """The limits of one server. All times are in seconds, all sizes in bytes.

    :ivar max_clients: beyond them nobody is accepted until one leaves.
    :ivar max_anonymous_clients: the same for clients that have not authenticated; 0 sets no limit.
    :ivar max_queued_clients: how many the kernel keeps waiting to be accepted.
    :ivar min_workers: max_workers: ordinary workers, at the start and at most.
    :ivar prio_workers: workers that answer only the procedures of high priority and those that overtake.
    :ivar max_waiting: calls that may wait on the outside world at once, each with another worker in its place.
    :ivar max_client_requests: calls of one client that are worked on at once.
    :ivar client_backlog: calls of one client that wait their turn; beyond them it is not read from.
    :ivar client_backlog_bytes: the same in bytes; one call may be larger.
    :ivar send_queue_bytes: replies that a client has not read; beyond them it is served no further.
    :ivar event_queue: events that a client has not read; beyond them events are dropped.
    :ivar max_lost_events: dropped events in a row that cost a client its connection.
    :ivar max_message: the largest frame that is accepted.
    :ivar keepalive_interval: quiet time after which a client is asked whether it lives; 0 never asks.
    :ivar keepalive_count: unanswered questions that cost a client its connection.
    :ivar first_frame_timeout: how long an anonymous client may take for its first frame; 0 is for ever.
    :ivar partial_frame_timeout: how long any client may take for the rest of a frame; 0 is for ever.
    :ivar client_streams: streams that one client may have open.
    :ivar max_streams: streams of all clients.
    :ivar stream_window: bytes of one stream that are on their way in either direction.
    """

    max_clients: int = 5000
    max_anonymous_clients: int = 20
    max_queued_clients: int = 20
    min_workers: int = 5
    max_workers: int = 20
    prio_workers: int = 5
    max_waiting: int = 500
    max_client_requests: int = 1
    client_backlog: int = 256
    client_backlog_bytes: int = 4 << 20
    send_queue_bytes: int = 4 << 20
    event_queue: int = 1000
    max_lost_events: int = 1000
    max_message: int = FRAME_MAX
    keepalive_interval: float = 5
    keepalive_count: int = 5
    first_frame_timeout: float = 30
    partial_frame_timeout: float = 60
    client_streams: int = 16
    max_streams: int = 256
    stream_window: int = 4 * STREAM_CHUNK

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        :raises VirtError: INVALID_ARG, in the words of `virNetServerSetClientLimits` and `virThreadPoolSetParameters`.
        """
        if self.max_clients < self.max_anonymous_clients:
            raise _invalid(
                "The overall maximum number of clients waiting for authentication must not be less than the overall "
                "maximum number of clients"
            )
        if self.min_workers > self.max_workers:
            raise _invalid("minWorkers cannot be larger than maxWorkers")
        if self.max_workers < 1:
            raise _invalid("maxWorkers must not be switched from zero to non-zero and vice versa")


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.RPC)
