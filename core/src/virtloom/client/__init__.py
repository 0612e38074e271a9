"""A client of libvirt's protocol in pure Python: no C library is needed to use virtloom, or a libvirtd.

with connect("test+unix:///default?socket=/run/virtloom/virtloom-sock") as connection:
    domain = connection.domain_lookup_by_name("test").dom
    print(connection.domain_get_xml_desc(domain, 0).xml)
"""

from virtloom.client.connection import Connection, connect
from virtloom.client.errors import ConnectionLost, DeadlineMissed
from virtloom.client.events import Event, EventQueue
from virtloom.client.framesocket import FrameSocket
from virtloom.client.streams import ClientStream, Hole
from virtloom.client.transport import Transport

__all__ = [
    "ClientStream",
    "Connection",
    "ConnectionLost",
    "DeadlineMissed",
    "Event",
    "EventQueue",
    "FrameSocket",
    "Hole",
    "Transport",
    "connect",
]
