"""What qemu-img tells of an image: asked in a helper with little memory and little time, once for each state of a file.

An image may come from a guest that wants to harm its host. So qemu-img is told the format (it guesses none), is not
let into other files (`info` opens no backing file; an image whose data is in another file is not shown to it at all),
may not write, and is killed when it takes too long. What it says is data: paths in it are shown and never opened unless
they lie in the same pool.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from typing import Any, NamedTuple

from virtloom.driver.images.headers import Header
from virtloom.errors import VirtError
from virtloom_storage.programs import Programs, find

KEPT = 10_000  # images remembered; at some 300 bytes each
Identity = tuple[int, int, int, int, int]

# The formats whose details qemu-img knows; of the others the header is all.
DETAILED = frozenset({"qcow2", "qcow", "qed", "vmdk"})


class Details(NamedTuple):
    """What is in an image beside its size.

    :ivar backing: what it is based on, as it names it. :ivar backing_format: None if it does not say.
    :ivar compat: a qcow2's level, 1.1; None for the level before there were any.
    :ivar features: of a qcow2 of level 1.1; None otherwise.
    :ivar encryption: luks or qcow.
    :ivar is_read: whether qemu-img could read it at all.
    """

    backing: str | None = None
    backing_format: str | None = None
    compat: str | None = None
    cluster_size: int = 0
    features: frozenset[str] | None = None
    encryption: str | None = None
    is_read: bool = False


NOTHING = Details()


class Prober:
    """Asks qemu-img, and remembers what it said for as long as the file is the same.

    :param deadline: seconds that one image may take.
    """

    def __init__(self, programs: Programs, deadline: float) -> None:
        self._programs = programs
        self._deadline = deadline
        self._mutex = threading.Lock()
        self._known: OrderedDict[Identity, Details] = OrderedDict()

    def details(self, path: str, header: Header, identity: Identity) -> Details:
        """What is in an image; `NOTHING` if qemu-img cannot say.

        :param identity: device, inode, size and times of the file: what changes when it does.
        """
        if header.format not in DETAILED or header.names_data_file:
            return NOTHING
        with self._mutex:
            known = self._known.get(identity)
        if known is None:
            known = self._ask(path, header.format)
            self._remember(identity, known)
        return known

    def _remember(self, identity: Identity, details: Details) -> None:
        with self._mutex:
            self._known[identity] = details
            if len(self._known) > KEPT:
                self._known.popitem(last=False)

    def _ask(self, path: str, format_: str) -> Details:
        if find("qemu-img") is None:
            return NOTHING
        argv = ["qemu-img", "info", "-f", format_, "--force-share", "--output=json", path]
        try:
            finished = self._programs.inspect(argv, deadline=self._deadline)
            told = json.loads(finished.stdout) if finished.status == 0 else {}
        except (VirtError, ValueError):
            return NOTHING
        return _details(told) if isinstance(told, dict) else NOTHING


def _details(told: dict[str, Any]) -> Details:
    data = told.get("format-specific", {}).get("data", {})
    modern = told.get("format") == "qcow2" and data.get("compat") == "1.1"
    names = {"lazy-refcounts": "lazy_refcounts", "extended-l2": "extended_l2"}
    features = frozenset(ours for theirs, ours in names.items() if data.get(theirs)) if modern else None
    encryption: str | None = (data.get("encrypt") or {}).get("format")
    return Details(
        backing=told.get("backing-filename"),
        backing_format=told.get("backing-filename-format"),
        compat="1.1" if modern else None,
        cluster_size=int(told.get("cluster-size") or 0) if told.get("format") == "qcow2" else 0,
        features=features,
        encryption="qcow" if encryption == "aes" or (encryption is None and told.get("encrypted")) else encryption,
        is_read=bool(told),
    )
