"""Pools and volumes: what a document means, what it is written as, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.storage.capabilities import pool_capabilities
from virtloom.xmldef.storage.conflicts import same_source
from virtloom.xmldef.storage.paths import sanitized
from virtloom.xmldef.storage.pool import parse_pool
from virtloom.xmldef.storage.types import POOL_TYPES
from virtloom.xmldef.storage.volume import Capacity, parse_volume

DIR = "<pool type='dir'><name>p</name>{more}<target><path>/p//q/</path></target></pool>"
NETFS = """<pool type='netfs'>
  <name>n</name>
  <uuid>f0f0f0f0-0001-4000-8000-000000000001</uuid>
  <capacity unit='bytes'>0</capacity>
  <allocation unit='bytes'>0</allocation>
  <available unit='bytes'>0</available>
  <source>
    <host name='h' port='20'/>
    <dir path='/x'/>
    <format type='nfs'/>
    <protocol ver='4.1'/>
  </source>
  <target>
    <path>/mnt/n</path>
    <permissions>
      <mode>0711</mode>
      <owner>0</owner>
      <group>5</group>
    </permissions>
  </target>
  <refresh>
    <volume allocation='capacity'/>
  </refresh>
  <fs:mount_opts>
    <fs:option name='sync'/>
  </fs:mount_opts>
</pool>
"""


def pool(type_: str, source: str, target: str = "<target><path>/t</path></target>", name: str = "p") -> str:
    return f"<pool type='{type_}'><name>{name}</name><source>{source}</source>{target}</pool>"


def test_what_was_written_is_read_and_written_again_unchanged() -> None:
    text = NETFS.replace("type='netfs'>", "type='netfs' xmlns:fs='http://libvirt.org/schemas/storagepool/fs/1.0'>")
    assert parse_pool(text).format() == text


def test_a_path_loses_its_superfluous_slashes() -> None:
    assert parse_pool(DIR.format(more="")).path == "/p/q"


@pytest.mark.parametrize(
    ("given_path", "clean"),
    [("//", "//"), ("///a", "/a"), ("/a//b/", "/a/b"), ("/", "/"), ("//h/a/", "//h/a"), ("nfs://h//x", "nfs://h//x")],
)
def test_sanitized(given_path: str, clean: str) -> None:
    assert sanitized(given_path) == clean


def test_a_source_keeps_only_what_its_type_has() -> None:
    made = parse_pool(pool("dir", "<device path='/dev/x'/><host name='h'/>"))
    assert "<source/>" in made.format()


def test_a_volume_groups_volumes_are_where_the_kernel_puts_them() -> None:
    made = parse_pool(pool("logical", "<device path='/dev/x'/>", "<target><path>/elsewhere</path></target>", "vg"))
    assert made.path == "/dev/vg"
    assert made.source.name == "vg"
    assert made.source.format_ == "lvm2"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("<pool><name>p</name></pool>", ErrorCode.XML_ERROR, "Missing required attribute 'type' in element 'pool'"),
        (pool("nope", ""), ErrorCode.XML_ERROR, "Invalid value for attribute 'type' in element 'pool': 'nope'."),
        (pool("dir", "", "<target/>"), ErrorCode.XML_ERROR, "missing storage pool target path"),
        (pool("dir", "", name=""), ErrorCode.XML_ERROR, "missing pool source name element"),
        (pool("dir", "", name="a/b"), ErrorCode.XML_ERROR, "name a/b cannot contain '/'"),
        (DIR.format(more="<uuid>x</uuid>"), ErrorCode.XML_ERROR, "malformed uuid element"),
        (pool("fs", ""), ErrorCode.XML_ERROR, "missing storage pool source device name"),
        (pool("fs", "<device/>"), ErrorCode.XML_ERROR, "missing storage pool source device path"),
        (pool("netfs", "<dir path='/x'/>"), ErrorCode.XML_ERROR, "missing storage pool source host name"),
        (pool("netfs", "<host/>"), ErrorCode.XML_ERROR, "missing storage pool host name"),
        (pool("netfs", "<host name='h'/>"), ErrorCode.XML_ERROR, "missing storage pool source path"),
        (pool("scsi", ""), ErrorCode.XML_ERROR, "missing storage pool source adapter"),
        (pool("rbd", "<host name='h'/>"), ErrorCode.XML_ERROR, "element 'name' is mandatory for RBD pool"),
        (
            pool("fs", "<device path='/d'/><format type='zz'/>"),
            ErrorCode.CONFIG_UNSUPPORTED,
            "unknown pool format type",
        ),
        (pool("iscsi-direct", "<host name='h'/><device path='i'/>"), ErrorCode.CONFIG_UNSUPPORTED, "missing initiator"),
    ],
)
def test_a_pool_that_is_refused(text: str, code: ErrorCode, message: str) -> None:
    with pytest.raises(VirtError) as refused:
        parse_pool(text)
    assert refused.value.code == code
    assert message in refused.value.message


def test_two_pools_with_one_device_conflict_whatever_their_types() -> None:
    one, other = (parse_pool(pool(type_, "<device path='/dev/x'/>")) for type_ in ("fs", "disk"))
    assert same_source(one, other)
    assert not same_source(one, parse_pool(pool("disk", "<device path='/dev/y'/>")))


def test_two_folders_conflict_if_they_are_one() -> None:
    one = parse_pool(DIR.format(more=""))
    assert same_source(one, parse_pool(DIR.format(more="")))
    assert not same_source(one, parse_pool(pool("dir", "")))


VOLUME = """<volume type='file'>
  <name>v</name>
  <key>/p/v</key>
  <capacity unit='bytes'>1048576</capacity>
  <allocation unit='bytes'>0</allocation>
  <target>
    <path>/p/v</path>
    <format type='qcow2'/>
    <permissions>
      <mode>0644</mode>
    </permissions>
    <encryption format='luks'>
      <secret type='passphrase' usage='u'/>
      <cipher name='aes' size='256' mode='cbc'/>
    </encryption>
    <compat>1.1</compat>
    <clusterSize unit='B'>65536</clusterSize>
    <features>
      <lazy_refcounts/>
    </features>
  </target>
  <backingStore>
    <path>/p/b</path>
    <format type='raw'/>
  </backingStore>
</volume>
"""


def test_a_volume_is_written_as_it_was_read() -> None:
    assert parse_volume(VOLUME, POOL_TYPES["dir"]).format() == VOLUME


def test_a_volume_in_a_volume_group_has_no_format() -> None:
    assert "<format" not in parse_volume(VOLUME, POOL_TYPES["logical"]).format()


def volume(*, name: str = "v", size: str = "<capacity>1</capacity>", target: str = "") -> str:
    return f"<volume><name>{name}</name>{size}<target>{target}</target></volume>"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (volume(name=""), "missing volume name element"),
        (volume(size=""), "missing capacity element"),
        (volume(size="<capacity>x</capacity>"), "malformed capacity element"),
        (volume(size="<capacity unit='z'>1</capacity>"), "unknown suffix 'z'"),
        (volume(size=f"<capacity>{1 << 63}</capacity>"), "value too large"),
        (volume(target="<format type='none'/>"), "unknown volume format type none"),
        (volume(target="<permissions><mode>1777</mode></permissions>"), "malformed octal mode"),
        (volume(target="<permissions><owner>x</owner></permissions>"), "malformed owner element"),
        (volume(target="<compat>1.x</compat>"), "forbidden characters in 'compat' attribute"),
        (volume(target="<features><what/></features>"), "unsupported feature what"),
        (volume(target="<encryption/>"), "unknown volume encryption format"),
        (volume(target="<encryption format='luks'><secret/></encryption>"), "unknown volume encryption secret type"),
    ],
)
def test_a_volume_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(VirtError, match=message):
        parse_volume(text, POOL_TYPES["dir"])


def test_a_size_may_be_left_to_the_backing_store() -> None:
    text = volume(size="<backingStore><path>/b</path></backingStore>")
    assert parse_volume(text, POOL_TYPES["dir"], Capacity.OPTIONAL_WITH_BACKING).capacity == 0
    with pytest.raises(VirtError, match="missing capacity"):
        parse_volume(volume(size=""), POOL_TYPES["dir"], Capacity.OPTIONAL_WITH_BACKING)


@given(
    st.integers(0, (1 << 63) - 1),
    st.integers(0, (1 << 63) - 1),
    st.sampled_from([word for word in POOL_TYPES["dir"].volume_formats if word != "none"]),
    st.none() | st.integers(0, 0o777),
)
def test_sizes_formats_and_modes_survive_writing(size: int, allocation: int, word: str, mode: int | None) -> None:
    permissions = "" if mode is None else f"<permissions><mode>{mode:o}</mode></permissions>"
    sizes = f"<capacity>{size}</capacity><allocation>{allocation}</allocation>"
    made = parse_volume(volume(size=sizes, target=f"<format type='{word}'/>{permissions}"), POOL_TYPES["dir"])
    assert parse_volume(made.format(), POOL_TYPES["dir"]) == made


def test_the_capabilities_tell_of_every_type() -> None:
    text = pool_capabilities({"dir", "fs"})
    assert all(f"type='{name}'" in text for name in POOL_TYPES)
    assert text.count("supported='yes'") == 2
