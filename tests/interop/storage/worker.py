"""One of many clients of a storage driver, a process with libvirt-python: makes, copies, resizes, fills and deletes
volumes at random, and writes down what it knows to be there. Run as `worker.py URI NUMBER VOLUMES`.

Each line on its output is JSON: {"begins": NAME} before something is done to a volume, {"is": {...}} or {"gone": NAME}
when the daemon has said that it is done.
"""

from __future__ import annotations

import hashlib
import json
import random
import sys
from typing import Any

import libvirt

BLOCK = 4096
POOLS = ("one", "two")
Known = dict[str, dict[str, Any]]


def say(line: dict[str, Any]) -> None:
    """Write down, so that it is known even if this process dies at once."""
    print(json.dumps(line), flush=True)


class Worker:
    """One client.

    :ivar known: what is there, by name: pool, capacity in bytes, format, and the digest of a content that was written.
    """

    def __init__(self, connection: libvirt.virConnect, number: int) -> None:
        self.pools = {name: connection.storagePoolLookupByName(name) for name in POOLS}
        self.connection, self.number = connection, number
        self.chance = random.Random(number)
        self.known: Known = {}

    def work(self, volumes: int) -> None:
        """Make so many volumes, and do something else to one after each."""
        for number in range(volumes):
            self.make(f"v{self.number}-{number}")
            if self.known:
                self.chance.choice((self.resize, self.fill, self.delete, self.delete))(self.any())

    def any(self) -> str:
        return self.chance.choice(list(self.known))

    def volume(self, name: str) -> libvirt.virStorageVol:
        return self.pools[self.known[name]["pool"]].storageVolLookupByName(name)

    def keep(self, what: dict[str, Any]) -> None:
        self.known[what["name"]] = what
        say({"is": what})

    def make(self, name: str) -> None:
        pool = self.chance.choice(POOLS)
        raw = [other for other, what in self.known.items() if what["format"] == "raw"]
        say({"begins": name})
        if raw and self.chance.random() < 0.4:
            original = self.known[self.chance.choice(raw)]
            source = self.pools[original["pool"]].storageVolLookupByName(original["name"])
            xml = f"<volume><name>{name}</name><capacity>0</capacity></volume>"
            self.pools[pool].createXMLFrom(xml, source, 0)
            self.keep({**original, "name": name, "pool": pool})
            return
        format_ = "qcow2" if self.chance.random() < 0.05 else "raw"
        size = BLOCK * (256 if format_ == "qcow2" else self.chance.randint(1, 16))
        full = size if format_ == "raw" and self.chance.random() < 0.5 else 0
        xml = (
            f"<volume><name>{name}</name><capacity>{size}</capacity><allocation>{full}</allocation>"
            f"<target><format type='{format_}'/></target></volume>"
        )
        self.pools[pool].createXML(xml, 0)
        digest = hashlib.sha256(bytes(size)).hexdigest()
        self.keep({"name": name, "pool": pool, "capacity": size, "format": format_, "digest": digest})

    def resize(self, name: str) -> None:
        what = self.known[name]
        say({"begins": name})
        self.volume(name).resize(BLOCK, libvirt.VIR_STORAGE_VOL_RESIZE_DELTA)
        self.keep({**what, "capacity": what["capacity"] + BLOCK, "digest": None})

    def fill(self, name: str) -> None:
        what = self.known[name]
        if what["format"] != "raw":
            return
        data = self.chance.randbytes(what["capacity"])
        say({"begins": name})
        stream = self.connection.newStream(0)
        self.volume(name).upload(stream, 0, len(data), 0)
        sent = 0
        while sent < len(data):
            sent += stream.send(data[sent : sent + (64 << 10)])
        stream.finish()
        self.keep({**what, "digest": hashlib.sha256(data).hexdigest()})

    def delete(self, name: str) -> None:
        say({"begins": name})
        self.volume(name).delete(0)
        del self.known[name]
        say({"gone": name})


def main() -> None:
    uri, number, volumes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    libvirt.registerErrorHandler(lambda context, error: None, None)
    Worker(libvirt.open(uri), number).work(volumes)


main()
