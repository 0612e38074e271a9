"""Structs of what the agent in the guest is asked."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import maybe_string, nonnull_domain, nonnull_string, typed_param
from virtloom.xdr import int32, int64, struct, uint32, uint64, vararray

domain_get_hostname_args = struct("domain_get_hostname_args", dom=nonnull_domain, flags=uint32)
domain_get_hostname_ret = struct("domain_get_hostname_ret", hostname=nonnull_string)
domain_fstrim_args = struct(
    "domain_fstrim_args",
    dom=nonnull_domain,
    mountPoint=maybe_string,
    minimum=uint64,
    flags=uint32,
)
domain_get_time_args = struct("domain_get_time_args", dom=nonnull_domain, flags=uint32)
domain_get_time_ret = struct("domain_get_time_ret", seconds=int64, nseconds=uint32)
domain_set_time_args = struct("domain_set_time_args", dom=nonnull_domain, seconds=int64, nseconds=uint32, flags=uint32)
domain_fsfreeze_args = struct(
    "domain_fsfreeze_args",
    dom=nonnull_domain,
    mountpoints=vararray(nonnull_string, limits.DOMAIN_FSFREEZE_MOUNTPOINTS_MAX),
    flags=uint32,
)
domain_fsfreeze_ret = struct("domain_fsfreeze_ret", filesystems=int32)
domain_fsthaw_args = struct(
    "domain_fsthaw_args",
    dom=nonnull_domain,
    mountpoints=vararray(nonnull_string, limits.DOMAIN_FSFREEZE_MOUNTPOINTS_MAX),
    flags=uint32,
)
domain_fsthaw_ret = struct("domain_fsthaw_ret", filesystems=int32)
domain_fsinfo = struct(
    "domain_fsinfo",
    mountpoint=nonnull_string,
    name=nonnull_string,
    fstype=nonnull_string,
    dev_aliases=vararray(nonnull_string, limits.DOMAIN_FSINFO_DISKS_MAX),
)
domain_get_fsinfo_args = struct("domain_get_fsinfo_args", dom=nonnull_domain, flags=uint32)
domain_get_fsinfo_ret = struct(
    "domain_get_fsinfo_ret",
    info=vararray(domain_fsinfo, limits.DOMAIN_FSINFO_MAX),
    ret=uint32,
)
domain_ip_addr = struct("domain_ip_addr", type=int32, addr=nonnull_string, prefix=uint32)
domain_interface = struct(
    "domain_interface",
    name=nonnull_string,
    hwaddr=maybe_string,
    addrs=vararray(domain_ip_addr, limits.DOMAIN_IP_ADDR_MAX),
)
domain_interface_addresses_args = struct(
    "domain_interface_addresses_args",
    dom=nonnull_domain,
    source=uint32,
    flags=uint32,
)
domain_interface_addresses_ret = struct(
    "domain_interface_addresses_ret",
    ifaces=vararray(domain_interface, limits.DOMAIN_INTERFACE_MAX),
)
domain_set_user_password_args = struct(
    "domain_set_user_password_args",
    dom=nonnull_domain,
    user=maybe_string,
    password=maybe_string,
    flags=uint32,
)
domain_get_guest_vcpus_args = struct("domain_get_guest_vcpus_args", dom=nonnull_domain, flags=uint32)
domain_get_guest_vcpus_ret = struct(
    "domain_get_guest_vcpus_ret",
    params=vararray(typed_param, limits.DOMAIN_GUEST_VCPU_PARAMS_MAX),
)
domain_set_guest_vcpus_args = struct(
    "domain_set_guest_vcpus_args",
    dom=nonnull_domain,
    cpumap=nonnull_string,
    state=int32,
    flags=uint32,
)
domain_get_guest_info_args = struct("domain_get_guest_info_args", dom=nonnull_domain, types=uint32, flags=uint32)
domain_get_guest_info_ret = struct(
    "domain_get_guest_info_ret",
    params=vararray(typed_param, limits.DOMAIN_GUEST_INFO_PARAMS_MAX),
)
domain_agent_set_response_timeout_args = struct(
    "domain_agent_set_response_timeout_args",
    dom=nonnull_domain,
    timeout=int32,
    flags=uint32,
)
domain_agent_set_response_timeout_ret = struct("domain_agent_set_response_timeout_ret", result=int32)
domain_authorized_ssh_keys_get_args = struct(
    "domain_authorized_ssh_keys_get_args",
    dom=nonnull_domain,
    user=nonnull_string,
    flags=uint32,
)
domain_authorized_ssh_keys_get_ret = struct(
    "domain_authorized_ssh_keys_get_ret",
    keys=vararray(nonnull_string, limits.DOMAIN_AUTHORIZED_SSH_KEYS_MAX),
)
domain_authorized_ssh_keys_set_args = struct(
    "domain_authorized_ssh_keys_set_args",
    dom=nonnull_domain,
    user=nonnull_string,
    keys=vararray(nonnull_string, limits.DOMAIN_AUTHORIZED_SSH_KEYS_MAX),
    flags=uint32,
)
