"""A program of its own that sets interfaces up inside a container: run with the pid of init and what to do.

A process rather than a thread, because entering a network concerns a whole thread and is not undone safely. It is run
with a deadline, like every tool.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

# Before a message in liblxc's log, where the cause of a failed start is sought.
AS_LOGGED = "virtloom ERROR links - apply - "


def apply(route: Any, link: dict[str, Any]) -> None:
    """Rename one interface, bring it up or down, give it its addresses and routes; what is there already is left.

    :param link: `name`, and `device` if it has another name yet; `gone` if it is to be removed instead.
    """
    place = next(iter(route.link_lookup(ifname=link.get("device", link["name"]))), None)
    if link.get("gone"):
        if place is not None:
            route.link("del", index=place)
        return
    if link.get("device", link["name"]) != link["name"]:
        route.link("set", index=place, ifname=link["name"])
    if (up := link.get("up")) is not None:
        route.link("set", index=place, state="up" if up else "down")
    for address, prefix in link.get("addresses", ()):
        route.addr("replace", index=place, address=address, prefixlen=prefix)
    for destination, gateway, metric in link.get("routes", ()):
        route.route("replace", dst=destination, gateway=gateway, oif=place, priority=metric)


def main() -> None:
    """Enter the network of a process and do what the second argument says; `--logged` is for a hook of liblxc's."""
    from pyroute2 import IPRoute, NetlinkError, netns  # here, because the daemon has the function above without it

    pid, links = int(sys.argv[1]), json.loads(sys.argv[2])
    netns.setns(f"/proc/{pid}/ns/net")
    with IPRoute() as route:
        for link in links:
            try:
                apply(route, link)
            except NetlinkError as error:
                before = AS_LOGGED if "--logged" in sys.argv[3:] else ""
                sys.exit(f"{before}Unable to set up {link['name']}: {os.strerror(error.code)}")


if __name__ == "__main__":
    main()
