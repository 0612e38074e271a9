"""Frames made once, so that sending them costs a client next to nothing."""

from __future__ import annotations

from typing import Any

from virtloom.driver.handles import DomainHandle
from virtloom.wire import remote
from virtloom.wire.frames import pack_call, unpack

URI = "test:///default"


def call(name: str, *args: Any) -> bytes:
    """A call's frame.

    :param name: the procedure, in upper or lower case.
    :param args: the fields of its argument struct.
    """
    return pack_call(remote.PROGRAM, remote.PROGRAM.by_name(name), 0, args)


def answer(name: str, frame: bytes) -> Any:
    """The fields of a good answer; None where the procedure has none.

    :raises RuntimeError: if it is an error.
    """
    unpacked = unpack(frame)
    if unpacked.header.status != 0:
        raise RuntimeError(f"{name}: {unpacked.payload!r}")
    ret = remote.PROGRAM.by_name(name).ret
    return None if ret is None else ret.decode(unpacked.payload)


def opening(uri: str = URI) -> tuple[bytes, ...]:
    """What a client sends first."""
    return call("auth_list"), call("connect_open", uri, 0)


def domain_uuid(number: int) -> bytes:
    """The uuid of a numbered guest."""
    return b"virtloombnch" + number.to_bytes(4)


def domain_xml(number: int) -> str:
    """A guest as people have them: a disk, a network card, a console."""
    text = domain_uuid(number).hex()
    uuid = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return f"""<domain type='test'>
  <name>guest{number}</name>
  <uuid>{uuid}</uuid>
  <memory unit='KiB'>1048576</memory>
  <vcpu>2</vcpu>
  <os><type>hvm</type><boot dev='hd'/></os>
  <features><acpi/><apic/></features>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/guest{number}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <mac address='52:54:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <console type='pty'/>
  </devices>
</domain>"""


def domain_handle(number: int) -> DomainHandle:
    """How a client names a numbered guest that does not run."""
    return DomainHandle(f"guest{number}", domain_uuid(number), -1)
