"""QEMU's own program: monitor and agent commands, monitor events (`qemu_protocol.x`)."""

from __future__ import annotations

from virtloom.wire.programs import Acl, EventSpec, Procedure, Program
from virtloom.wire.remote.structs.common import maybe_domain, maybe_string, nonnull_domain, nonnull_string
from virtloom.xdr import int32, int64, struct, uint32

domain_monitor_command_args = struct(
    "domain_monitor_command_args",
    dom=nonnull_domain,
    cmd=nonnull_string,
    flags=uint32,
)
domain_monitor_command_ret = struct("domain_monitor_command_ret", result=nonnull_string)
domain_attach_args = struct("domain_attach_args", pid_value=uint32, flags=uint32)
domain_attach_ret = struct("domain_attach_ret", dom=nonnull_domain)
domain_agent_command_args = struct(
    "domain_agent_command_args",
    dom=nonnull_domain,
    cmd=nonnull_string,
    timeout=int32,
    flags=uint32,
)
domain_agent_command_ret = struct("domain_agent_command_ret", result=maybe_string)
connect_domain_monitor_event_register_args = struct(
    "connect_domain_monitor_event_register_args",
    dom=maybe_domain,
    event=maybe_string,
    flags=uint32,
)
connect_domain_monitor_event_register_ret = struct("connect_domain_monitor_event_register_ret", callbackID=int32)
connect_domain_monitor_event_deregister_args = struct("connect_domain_monitor_event_deregister_args", callbackID=int32)
domain_monitor_event_msg = struct(
    "domain_monitor_event_msg",
    callbackID=int32,
    dom=nonnull_domain,
    event=nonnull_string,
    seconds=int64,
    micros=uint32,
    details=maybe_string,
)
domain_monitor_command_with_files_args = struct(
    "domain_monitor_command_with_files_args",
    dom=nonnull_domain,
    cmd=nonnull_string,
    flags=uint32,
)
domain_monitor_command_with_files_ret = struct("domain_monitor_command_with_files_ret", result=nonnull_string)

PROGRAM = Program(
    "QEMU",
    0x20008087,
    1,
    [
        Procedure(
            1,
            "DOMAIN_MONITOR_COMMAND",
            "virDomainQemuMonitorCommand",
            args=domain_monitor_command_args,
            ret=domain_monitor_command_ret,
            acl=(Acl("domain", "write"),),
        ),
        Procedure(
            2,
            "DOMAIN_ATTACH",
            "virDomainQemuAttach",
            args=domain_attach_args,
            ret=domain_attach_ret,
            acl=(
                Acl("domain", "start"),
                Acl("domain", "write"),
            ),
        ),
        Procedure(
            3,
            "DOMAIN_AGENT_COMMAND",
            "virDomainQemuAgentCommand",
            args=domain_agent_command_args,
            ret=domain_agent_command_ret,
            acl=(Acl("domain", "write"),),
        ),
        Procedure(
            4,
            "CONNECT_DOMAIN_MONITOR_EVENT_REGISTER",
            "virConnectDomainQemuMonitorEventRegister",
            args=connect_domain_monitor_event_register_args,
            ret=connect_domain_monitor_event_register_ret,
            priority=True,
            acl=(
                Acl("connect", "search_domains"),
                Acl("connect", "write"),
            ),
            acl_filter="domain:getattr",
        ),
        Procedure(
            5,
            "CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER",
            "virConnectDomainQemuMonitorEventDeregister",
            args=connect_domain_monitor_event_deregister_args,
            priority=True,
            acl=(Acl("connect", "write"),),
        ),
        Procedure(
            6,
            "DOMAIN_MONITOR_EVENT",
            "",
            message=domain_monitor_event_msg,
            event=EventSpec("qemu_monitor", None, False),
        ),
        Procedure(
            7,
            "DOMAIN_MONITOR_COMMAND_WITH_FILES",
            "virDomainQemuMonitorCommandWithFiles",
            args=domain_monitor_command_with_files_args,
            ret=domain_monitor_command_with_files_ret,
            acl=(Acl("domain", "write"),),
            fds="call: 0 or more, reply: 0 or more",
        ),
    ],
)
