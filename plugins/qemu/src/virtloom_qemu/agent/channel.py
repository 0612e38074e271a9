"""The channel that an agent is reached through: which one it is, whether the guest has it open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import CharDevice

NAME = "org.qemu.guest_agent.0"
CONNECTED, DISCONNECTED = "connected", "disconnected"


def agent_channel(definition: Domain) -> CharDevice | None:
    """The channel of a guest's agent; None if it has none (`qemuFindAgentConfig`)."""
    for one in definition.parts.channels:
        if one.target is not None and one.target.type == "virtio" and one.target.name == NAME:
            return one
    return None


def socket_of(channel: CharDevice) -> Path | None:
    """The host's end of a channel; None if it is no socket."""
    path = channel.source[0].get("path") if channel.type == "unix" and channel.source else None
    return None if path is None else Path(path)


def listening_at(definition: Domain) -> Path | None:
    """The host's end of the channel that a guest's agent has open; None if it has none open."""
    channel = agent_channel(definition)
    if channel is None or channel.target is None or channel.target.state != CONNECTED:
        return None
    return socket_of(channel)


def with_states(live: Domain, told: list[dict[str, Any]]) -> Domain:
    """A definition whose virtio channels say whether the guest has them open (`qemuProcessRefreshChannelVirtioState`).

    :param told: what `query-chardev` returned.
    """
    opened = {str(one.get("label")): one["frontend-open"] for one in told if "frontend-open" in one}
    changed = tuple(_with_state(one, opened) for one in live.parts.channels)
    return live if changed == live.parts.channels else live.with_devices(channels=changed)


def with_state(live: Domain, alias: str, opened: bool) -> Domain:
    """A definition with one channel opened or closed by the guest."""
    changed = tuple(_with_state(one, {f"char{alias}": opened}) for one in live.parts.channels)
    return live.with_devices(channels=changed)


def _with_state(channel: CharDevice, opened: Mapping[str, bool]) -> CharDevice:
    alias = channel.alias.get("name") if channel.alias is not None else None
    told = opened.get(f"char{alias}")
    if told is None or channel.target is None or channel.target.type != "virtio":
        return channel
    return channel.replace(target=channel.target.replace(state=CONNECTED if told else DISCONNECTED))
