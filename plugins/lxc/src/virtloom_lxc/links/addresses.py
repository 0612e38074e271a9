"""A program of its own that tells the addresses of all interfaces inside a container: run with the pid of init.

It prints one line of JSON: each interface's name, its MAC address, and its addresses by kind, text and prefix.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from socket import AF_INET, AF_INET6
from typing import Any

KINDS = {AF_INET: 0, AF_INET6: 1}  # virIPAddrType


def told(route: Any) -> Iterator[tuple[str, str, list[tuple[int, str, int]]]]:
    """Every interface and its addresses, as the kernel has them."""
    found: dict[int, list[tuple[int, str, int]]] = {}
    for one in route.get_addr():
        if one["family"] in KINDS:
            text = one.get("local") or one.get("address")
            found.setdefault(one["index"], []).append((KINDS[one["family"]], text, one["prefixlen"]))
    for link in route.get_links():
        yield link.get("ifname"), link.get("address") or "", found.get(link["index"], [])


def main() -> None:
    """Enter the network of a process and tell of it."""
    from pyroute2 import IPRoute, netns

    netns.setns(f"/proc/{int(sys.argv[1])}/ns/net")
    with IPRoute() as route:
        json.dump(list(told(route)), sys.stdout)


if __name__ == "__main__":
    main()
