"""Which image of a chain a client means: by its place `vda[2]`, by its path, or by the name that the image above has
for it (`virStorageSourceChainLookup`). What is relative is looked at on the host, so with no lock held."""

from __future__ import annotations

import os
from pathlib import Path

from virtloom.driver.images import look
from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.storage.layers import Chain, Layer


def look_up(chain: Chain, disk: str, name: str | None, beneath: int | None = None) -> int:
    """The place of the image that is meant.

    :param name: what the client calls it; None for the last one.
    :param beneath: the place of an image that it must be behind; None for any.
    :raises VirtError: INVALID_ARG if there is none.
    """
    number = _number(name, disk)
    begin = 0 if beneath is None else beneath + 1
    for place in range(begin, len(chain.layers)):
        above = chain.layers[place - 1] if place else None
        if _is_meant(chain, place, name, number, above):
            return place
    raise _not_found(chain, disk, name, number, beneath)


def _is_meant(chain: Chain, place: int, name: str | None, number: int, above: Layer | None) -> bool:
    layer = chain.layers[place]
    if number:
        return layer.number == number
    if name is None:
        return place + 1 == len(chain.layers)
    return name == layer.path or _points_to(above, name, layer.path)


def _number(name: str | None, disk: str) -> int:
    """The number in a name such as `vda[2]`; 0 for a name without one.

    :raises VirtError: INVALID_ARG if it is another disk's.
    """
    target, bracket, rest = (name or "").partition("[")
    if not bracket or not rest.endswith("]") or not rest[:-1].isdigit():
        return 0
    number = int(rest[:-1])
    if number and target != disk:
        detail = f"requested target '{target}' does not match target '{disk}'"
        raise VirtError(ErrorCode.INVALID_ARG, detail)
    return number


def _points_to(above: Layer | None, name: str, path: str | None) -> bool:
    if path is None or ":" in name:
        return False
    folder = Path(above.path).parent if above is not None and above.path is not None else Path()
    try:
        return os.path.samefile(folder / name, path)
    except OSError:
        return False


def _not_found(chain: Chain, disk: str, name: str | None, number: int, beneath: int | None) -> VirtError:
    if number:
        detail = f"could not find backing store index '{number}' in chain for '{disk}'"
    elif name is None:
        detail = f"could not find base image in chain for '{disk}'"
    elif beneath is None:
        detail = f"could not find image '{name}' in chain for '{disk}'"
    else:
        detail = f"could not find image '{name}' beneath '{chain.layers[beneath].path}' in chain for '{disk}'"
    return VirtError(ErrorCode.INVALID_ARG, detail)


def relative_path(chain: Chain, begin: int, end: int) -> str:
    """How the image at one place is reached from the folder of the image above another, by the names in the headers.

    :raises VirtError: OPERATION_INVALID if one of the names is not relative.
    """
    path = Path()
    for place in range(begin, end + 1):
        above = chain.layers[place - 1].path if place else None
        try:
            backing = look(above).header.backing if above is not None else None
        except OSError:
            backing = None
        if backing is None or backing.startswith("/") or ":" in backing:
            raise VirtError(ErrorCode.OPERATION_INVALID, "can't keep relative backing relationship")
        path = path.parent / backing if place > begin else Path(backing)
    return str(path)
