"""Links of the host, in a network of the test's own: names, bridges, counters, and what the kernel says no to."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from daemons import needs

pytest.importorskip("pyroute2")


def in_own_network(code: str) -> str:
    """What a program prints in a network of its own."""
    unshare = needs("unshare", "util-linux")
    program = "from virtloom.driver.links import bridges, counters, names, netlink\n" + textwrap.dedent(code)
    own_sys = 'mount -t sysfs sysfs /sys && exec "$@"'
    command = [unshare, "--net", "--mount", "--map-root-user", "sh", "-c", own_sys, "-", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


ADDING = """
    def add(name):
        tried.append(name)
        route.link("add", ifname=name, kind="veth", peer={"ifname": f"p{name}"[:15]})

    tried = []
    with netlink.netlink() as route:
"""


def test_the_first_name_that_is_free_is_taken() -> None:
    said = in_own_network(f"""{ADDING}
        for _ in range(3):
            names.add_named(add, None, "cannot add")
        netlink.delete(route, "vnet1")
        print(names.add_named(add, None, "cannot add"), *sorted(n for n in netlink.link_names() if n[0] != "p"))
    """)
    assert said == "vnet1 lo vnet0 vnet1 vnet2"


def test_a_name_that_somebody_took_meanwhile_is_passed_over() -> None:
    said = in_own_network(f"""{ADDING}
        def raced(name):
            if not tried:
                add(name)
            add(name)

        print(names.add_named(raced, None, "cannot add"), *tried)
    """)
    assert said == "vnet1 vnet0 vnet0 vnet1"


def test_a_wanted_name_that_is_taken_is_refused_and_one_that_we_made_up_is_not_wanted() -> None:
    said = in_own_network(f"""{ADDING}
        add("mine")
        try:
            names.add_named(add, "mine", "cannot add")
        except Exception as error:
            print(error, names.wanted("vnet7"), names.wanted("mine"))
    """)
    assert said == "cannot add mine: File exists None mine"


def test_a_link_comes_up_on_its_bridge_and_what_is_no_bridge_is_refused() -> None:
    said = in_own_network(f"""{ADDING}
        add("vnet0")
        for bridge in ("br", "lo"):
            try:
                bridges.plug(route, "vnet0", bridge)
            except Exception as error:
                print(error)
        route.link("add", ifname="br", kind="bridge")
        bridges.plug(route, "vnet0", "br")
        link = route.link("get", ifname="vnet0")[0]
        print(link.get("master") == netlink.index(route, "br"), link["flags"] & 1)
        bridges.unplug(route, "vnet0", "br")
        print(route.link("get", ifname="vnet0")[0].get("master"))
    """)
    assert said.splitlines() == [
        "Unable to add bridge br port vnet0: No such device",
        "unsupported configuration: the interface 'lo' is not a bridge",
        "True 1",
        "None",
    ]


def test_counters_are_those_of_the_guest_unless_the_hosts_are_wanted() -> None:
    said = in_own_network("""
        asked = []
        counters.number = lambda path: asked.append(path.name) or len(asked)
        print(counters.interface_counters("lo")[:2], asked[0], asked[4])
        asked.clear()
        counters.interface_counters("lo", seen_by_guest=False)
        print(asked[0], asked[4])
        try:
            counters.interface_counters("gone")
        except Exception as error:
            print(error)
    """)
    assert said.splitlines() == [
        "(1, 2) tx_bytes rx_bytes",
        "rx_bytes tx_bytes",
        "internal error: /proc/net/dev: Interface not found",
    ]


LIMITING = """
    import subprocess
    from virtloom.driver.links import bandwidth
    from virtloom.xmldef.network.bandwidth import Rate

    def classes():
        return subprocess.run(["tc", "class", "show", "dev", "vnet0"], capture_output=True, text=True).stdout.strip()

    with netlink.netlink() as route:
        route.link("add", ifname="vnet0", kind="veth", peer={"ifname": "far"})
        route.link("set", ifname="vnet0", state="up")
"""


def test_what_a_link_sends_is_limited_as_tc_would_do_it_and_no_more_when_the_limit_goes() -> None:
    needs("tc", "iproute2")
    said = in_own_network(f"""{LIMITING}
    bandwidth.limit("vnet0", sent=Rate(average=1000, peak=2000, burst=10), received=None)
    print(classes())
    bandwidth.limit("vnet0", sent=Rate(average=500), received=None)
    print(classes())
    bandwidth.limit("vnet0", sent=None, received=None)
    print(classes())
    """)
    first, second = said.splitlines()
    assert "rate 8Mbit ceil 16Mbit burst 10Kb" in first
    assert "rate 4Mbit ceil 4Mbit" in second


def test_a_limit_on_a_link_that_is_not_there_is_refused() -> None:
    said = in_own_network(f"""{LIMITING}
    try:
        bandwidth.limit("gone", sent=Rate(average=1), received=None)
    except Exception as error:
        print(error)
    """)
    assert said == "Unable to limit what 'gone' sends: No such device"


def test_of_two_limits_neither_stays_if_the_kernel_refuses_one() -> None:
    needs("tc", "iproute2")
    said = in_own_network(f"""{LIMITING}
    def refuse(*_):
        raise netlink.netlink_error()(2)

    bandwidth._police = refuse
    try:
        bandwidth.limit("vnet0", sent=Rate(average=1000), received=Rate(average=1))
    except Exception as error:
        print(error, classes() == "")
    """)
    assert said == "Operation not supported: the kernel cannot limit the bandwidth of interfaces True"
