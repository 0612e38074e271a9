"""Sockets that a daemon made up for a guest are not the definition's."""

from __future__ import annotations

import pytest
from emulated import guest

from virtloom.errors import ErrorCode, VirtError

CHANNEL = """<channel type='unix'><source mode='bind' path='{}'>{}</source>
<target type='virtio' name='org.qemu.guest_agent.0'/></channel>"""
OLD = "/var/lib/libvirt/qemu/channel/target/web.org.qemu.guest_agent.0"


@pytest.mark.parametrize(
    "path", [OLD, "/anywhere/channel/target/domain-3-web/org.qemu.guest_agent.0"], ids=["by name", "by run"]
)
def test_a_socket_that_was_made_up_is_left_out(path: str) -> None:
    assert guest(CHANNEL.format(path, "")).parts.channels[0].source in (None, ())


def test_a_socket_that_somebody_chose_is_kept() -> None:
    (source,) = guest(CHANNEL.format("/run/agent.sock", "")).parts.channels[0].node().all("source")
    assert source.get("path") == "/run/agent.sock"


def test_a_socket_that_is_made_up_is_not_connected_to() -> None:
    with pytest.raises(VirtError, match="chardev reconnect is possible only for connect mode") as refused:
        guest(CHANNEL.format(OLD, "<reconnect enabled='yes' timeout='3'/>").replace("bind", "connect"))
    assert refused.value.code is ErrorCode.INTERNAL_ERROR
