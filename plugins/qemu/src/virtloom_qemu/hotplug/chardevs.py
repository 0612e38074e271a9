"""The back ends of character devices as the monitor words them: `chardev-add` (QEMU's qapi/char.json)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from virtloom.errors import ErrorCode, VirtError

Words = Mapping[str, str]
Data = dict[str, Any]


def words_of(value: str) -> dict[str, str]:
    """The words of a value such as `socket,id=a,path=/x,,y`: its kind as `backend`, the others by their names."""
    kind, *rest = (part.replace("\0", ",") for part in value.replace(",,", "\0").split(","))
    return {"backend": kind, **dict(part.split("=", 1) for part in rest)}


def chardev_add(words: Words) -> Data:
    """The arguments of `chardev-add` for what `-chardev` says.

    :raises VirtError: OPERATION_FAILED for a kind that cannot come to a running guest.
    """
    kind = words["backend"]
    data = KINDS.get(kind)
    if data is None:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"Hotplug unsupported for char device type '{kind}'")
    log = {"logfile": words.get("logfile"), "logappend": _switch(words.get("logappend"))}
    made = _given({**data(words), **log})
    return {"id": words["id"], "backend": {"type": kind, "data": made}}


def _nothing(words: Words) -> Data:
    return {}


def _file(words: Words) -> Data:
    return {"out": words["path"], "append": _switch(words.get("append"))}


def _device(words: Words) -> Data:
    return {"device": words["path"]}


def _socket(words: Words) -> Data:
    return {
        "addr": _address(words),
        "wait": _switch(words.get("wait")),
        "telnet": _switch(words.get("telnet", "off" if "host" in words else None)),
        "server": words.get("server") == "on",
        "tls-creds": words.get("tls-creds"),
        "reconnect": None if "reconnect" not in words else int(words["reconnect"]),
    }


def _address(words: Words) -> Data:
    if "path" in words:
        return {"type": "unix", "data": {"path": words["path"]}}
    if "fd" in words:
        return {"type": "fd", "data": {"str": words["fd"]}}
    return _inet(words["host"], words["port"])


def _inet(host: str, port: str) -> Data:
    return {"type": "inet", "data": {"host": host, "port": port}}


def _udp(words: Words) -> Data:
    local = _inet(words.get("localaddr", ""), words.get("localport", "0"))
    bound = local if words.get("localaddr") or words.get("localport", "0") != "0" else None
    return {"remote": _inet(words.get("host", ""), words["port"]), "local": bound}


def _spice(words: Words) -> Data:
    return {"type": words["name"]}


def _agent(words: Words) -> Data:
    return {name: _switch(words.get(name)) for name in ("clipboard", "mouse")}


KINDS: dict[str, Callable[[Words], Data]] = {
    "null": _nothing,
    "vc": _nothing,
    "pty": _nothing,
    "file": _file,
    "serial": _device,
    "parallel": _device,
    "socket": _socket,
    "udp": _udp,
    "spicevmc": _spice,
    "qemu-vdagent": _agent,
    "dbus": lambda words: {"name": words["name"]},
}


def _switch(word: str | None) -> bool | None:
    return None if word is None else word == "on"


def _given(data: Data) -> Data:
    return {name: value for name, value in data.items() if value is not None}
