"""What of a display can change while the guest runs: its password, and until when it holds."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Graphics
from virtloom_qemu.runs.talk import Talk

LISTENS = ("address", "network", "socket")
PORTS = {"vnc": ("port",), "spice": ("port", "tls_port")}


def change_display(talk: Talk, live: Domain, new: Graphics) -> Domain:
    """A guest's definition with a display's password changed (`qemuDomainChangeGraphics`).

    :raises VirtError: DEVICE_MISSING if it has no such display, OPERATION_UNSUPPORTED for any other change.
    """
    old = next((one for one in live.parts.graphics if one.type == new.type), None)
    if old is None:
        detail = f"cannot find existing graphics device to modify of type '{new.type}'"
        raise VirtError(ErrorCode.DEVICE_MISSING, detail)
    _refuse_listens(old, new)
    if new.type not in PORTS:
        raise VirtError(ErrorCode.INTERNAL_ERROR, f"unable to change config on '{new.type}' graphics type")
    _refuse_ports(old, new)
    if _secret(old) != _secret(new) or new.passwd_valid_to or old.passwd_valid_to or new.connected == "disconnect":
        set_password(talk, new)
    fields = {name: getattr(new, name) for name in ("passwd", "passwd_valid_to", "connected")}
    changed = old.replace(**fields)
    return live.with_devices(graphics=tuple(changed if one is old else one for one in live.parts.graphics))


def _secret(one: Graphics) -> tuple[str | None, str | None]:
    return one.passwd, one.connected


def _refuse_listens(old: Graphics, new: Graphics) -> None:
    if len(old.listens) != len(new.listens):
        raise _refusal(f"cannot change the number of listen addresses on '{new.type}' graphics")
    for was, wanted in zip(old.listens, new.listens, strict=True):
        if was.type != wanted.type:
            raise _refusal(f"cannot change the type of listen address on '{new.type}' graphics")
        if was.type in LISTENS and getattr(was, was.type) != getattr(wanted, was.type):
            what = "socket" if was.type == "socket" else "address"
            raise _refusal(f"cannot change listen {what} setting on '{new.type}' graphics")


def _refuse_ports(old: Graphics, new: Graphics) -> None:
    ports = any(getattr(old, name) != getattr(new, name) for name in PORTS[new.type])
    if bool(old.autoport) != bool(new.autoport) or (not new.autoport and ports):
        raise _refusal(f"cannot change port settings on {new.type} graphics")
    if old.keymap != new.keymap:
        raise _refusal(f"cannot change keymap setting on {new.type} graphics")


def _refusal(detail: str) -> VirtError:
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)


def set_password(talk: Talk, display: Graphics) -> None:
    """Have a display ask for its password from now on; one without a password is left as it is.

    :raises VirtError: what QEMU refuses.
    """
    if display.passwd is None:
        return
    talk.ask("set_password", protocol=display.type, password=display.passwd, connected=display.connected)
    talk.ask("expire_password", protocol=display.type, time=_expiry(display))


def _expiry(display: Graphics) -> str:
    """Until when a password holds, as QEMU is told."""
    if not display.passwd:
        return "now"
    if display.passwd_valid_to is None:
        return "never"
    until = datetime.fromisoformat(display.passwd_valid_to).replace(tzinfo=UTC).timestamp()
    return "now" if until <= time.time() else str(int(until))
