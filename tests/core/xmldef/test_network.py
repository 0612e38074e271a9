"""Networks and ports: what a document means, what it is written as, what is refused, and what a change makes of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import VirtError
from virtloom.xmldef.network.addresses import parsed, prefix_length
from virtloom.xmldef.network.network import parse_network
from virtloom.xmldef.network.port import parse_port
from virtloom.xmldef.network.update import updated

WHOLE = """<network ipv6='yes'>
  <name>n</name>
  <uuid>f0f0f0f0-0001-4000-8000-000000000001</uuid>
  <forward dev='eth0' mode='nat'>
    <nat ipv6='yes'>
      <address start='10.0.0.1' end='10.0.0.9'/>
      <port start='500' end='1000'/>
    </nat>
    <interface dev='eth0'/>
  </forward>
  <bridge name='b' stp='on' delay='0'/>
  <mtu size='9000'/>
  <mac address='52:54:00:00:00:01'/>
  <domain name='d' localOnly='yes'/>
  <dns>
    <forwarder addr='8.8.8.8'/>
    <txt name='t' value='v'/>
    <srv service='s' protocol='tcp' target='x' port='1'/>
    <host ip='192.168.7.9'>
      <hostname>h</hostname>
    </host>
  </dns>
  <ip address='192.168.7.1' netmask='255.255.255.0'>
    <tftp root='/t'/>
    <dhcp>
      <range start='192.168.7.10' end='192.168.7.20'>
        <lease expiry='2' unit='hours'/>
      </range>
      <host mac='52:54:00:00:00:77' name='g' ip='192.168.7.12'/>
    </dhcp>
  </ip>
  <route address='10.9.0.0' prefix='16' gateway='192.168.7.2'/>
  <portgroup name='p' default='yes'>
    <bandwidth>
      <inbound average='10' burst='20'/>
    </bandwidth>
  </portgroup>
</network>
"""


def network(inside: str, name: str = "n") -> str:
    return f"<network><name>{name}</name>{inside}</network>"


def ip(inside: str = "", attrs: str = "address='192.168.7.1' netmask='255.255.255.0'") -> str:
    return f"<ip {attrs}>{inside}</ip>"


def test_what_was_written_is_read_and_written_again_unchanged() -> None:
    assert parse_network(WHOLE).format() == WHOLE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (network("", name=""), "missing name information"),
        (network("", name="a/b"), "invalid char in name: /"),
        (network("<forward mode='sideways'/>"), "unknown forwarding type 'sideways'"),
        (network("<forward mode='nat'/>"), "nat forwarding requested, but no IP address provided for network 'n'"),
        (network(ip(attrs="address='1.2.3.4' prefix='99'")), "Invalid IPv4 prefix '99' in network 'n'"),
        (network(ip(attrs="address='x'")), "Invalid address 'x' in network 'n'"),
        (network(ip("<dhcp><range start='192.168.7.9' end='192.168.7.2'/></dhcp>")), "is reversed"),
        (network(ip("<dhcp><range start='10.0.0.1' end='10.0.0.2'/></dhcp>")), "is not entirely within network"),
        (network(ip("<dhcp><host ip='192.168.7.2'/></dhcp>")), "must have mac or name attribute"),
        (network(ip() + "<route address='10.0.0.0' prefix='8' gateway='172.16.0.1'/>"), "unreachable static route"),
        (network("<virtualport type='nope'/>"), "unknown virtualport type nope"),
        (network("<forward mode='bridge'/><bridge name='b' stp='on'/>"), "bridge delay/stp/zone options only allowed"),
        (network("<dns enable='no'><txt name='a' value='b'/></dns>"), "Extra data in disabled network 'n'"),
        (network("<vlan/>"), "missing tag id"),
        (network("<bandwidth><inbound/></bandwidth>"), "Missing mandatory average or floor attributes"),
    ],
)
def test_a_network_that_is_refused(text: str, told: str) -> None:
    with pytest.raises(VirtError) as refused:
        parse_network(text)
    assert told in refused.value.message


HOST, RANGE, TXT = 4, 5, 11
MODIFY, DELETE, ADD_LAST, ADD_FIRST = 1, 2, 3, 4


def test_a_piece_is_added_found_again_and_removed() -> None:
    old = parse_network(WHOLE)
    new = updated(old, ADD_FIRST, HOST, -1, "<host mac='52:54:00:00:00:78' ip='192.168.7.13'/>")
    assert [host.mac for host in new.ips[0].hosts] == ["52:54:00:00:00:78", "52:54:00:00:00:77"]
    assert updated(new, DELETE, HOST, -1, "<host mac='52:54:00:00:00:78'/>") == old


@pytest.mark.parametrize(
    ("command", "section", "xml", "told"),
    [
        (ADD_LAST, HOST, "<host mac='52:54:00:00:00:77' ip='192.168.7.14'/>", "there is an existing dhcp host entry"),
        (DELETE, HOST, "<host mac='52:54:00:00:00:99'/>", "couldn't locate a matching dhcp host entry"),
        (MODIFY, RANGE, "<range/>", "dhcp ranges cannot be modified"),
        (ADD_LAST, TXT, "<txt name='t' value='w'/>", "there is already a DNS TXT record with name 't'"),
        (ADD_LAST, HOST, "<range/>", "unexpected element <range>, expecting <host>"),
        (ADD_LAST, 1, "<bridge/>", "can't update 'bridge' section of network 'n'"),
        (9, HOST, "<host mac='52:54:00:00:00:99' ip='192.168.7.14'/>", "unrecognized network update command code 9"),
    ],
)
def test_a_change_that_is_refused(command: int, section: int, xml: str, told: str) -> None:
    with pytest.raises(VirtError) as refused:
        updated(parse_network(WHOLE), command, section, -1, xml)
    assert told in refused.value.message


def test_a_port_is_written_as_it_was_read() -> None:
    text = (
        "<networkport>\n  <uuid>f0f0f0f0-0001-4000-8000-000000000001</uuid>\n  <owner>\n    <name>o</name>\n"
        "    <uuid>f0f0f0f0-0001-4000-8000-000000000002</uuid>\n  </owner>\n  <mac address='52:54:00:00:00:01'/>\n"
        "  <plug type='bridge' bridge='b'/>\n</networkport>\n"
    )
    assert parse_port(text).format() == text


@given(st.ip_addresses(), st.integers(1, 32))
def test_an_address_survives_writing_and_a_prefix_wins(address: object, prefix: int) -> None:
    found = parsed(str(address))
    assert found == address
    assert found is not None
    assert prefix_length(found, None, prefix) == prefix
