"""A client of libvirt's protocol in pure Python: no C library is needed to use virtloom, or a libvirtd.

with connect("test+unix:///default?socket=/run/virtloom/virtloom-sock") as connection:
    domain = connection.domain_lookup_by_name("test").dom
    print(connection.domain_get_xml_desc(domain, 0).xml)
"""

from virtloom.client.connection import Connection, connect
from virtloom.client.transport import ConnectionLost, DeadlineMissed, Transport

__all__ = ["Connection", "ConnectionLost", "DeadlineMissed", "Transport", "connect"]
