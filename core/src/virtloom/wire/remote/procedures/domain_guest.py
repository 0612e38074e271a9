"""Procedures: what the agent in the guest is asked."""

from __future__ import annotations

from virtloom.wire.programs import Acl, Procedure
from virtloom.wire.remote.structs import domain_guest as structs

PROCEDURES = (
    Procedure(
        277,
        "DOMAIN_GET_HOSTNAME",
        "virDomainGetHostname",
        args=structs.domain_get_hostname_args,
        ret=structs.domain_get_hostname_ret,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        294, "DOMAIN_FSTRIM", "virDomainFSTrim", args=structs.domain_fstrim_args, acl=(Acl("domain", "fs_trim"),)
    ),
    Procedure(
        335,
        "DOMAIN_FSFREEZE",
        "virDomainFSFreeze",
        args=structs.domain_fsfreeze_args,
        ret=structs.domain_fsfreeze_ret,
        acl=(Acl("domain", "fs_freeze"),),
    ),
    Procedure(
        336,
        "DOMAIN_FSTHAW",
        "virDomainFSThaw",
        args=structs.domain_fsthaw_args,
        ret=structs.domain_fsthaw_ret,
        acl=(Acl("domain", "fs_freeze"),),
    ),
    Procedure(
        337,
        "DOMAIN_GET_TIME",
        "virDomainGetTime",
        args=structs.domain_get_time_args,
        ret=structs.domain_get_time_ret,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        338, "DOMAIN_SET_TIME", "virDomainSetTime", args=structs.domain_set_time_args, acl=(Acl("domain", "set_time"),)
    ),
    Procedure(
        349,
        "DOMAIN_GET_FSINFO",
        "virDomainGetFSInfo",
        args=structs.domain_get_fsinfo_args,
        ret=structs.domain_get_fsinfo_ret,
        acl=(Acl("domain", "fs_freeze"),),
    ),
    Procedure(
        353,
        "DOMAIN_INTERFACE_ADDRESSES",
        "virDomainInterfaceAddresses",
        args=structs.domain_interface_addresses_args,
        ret=structs.domain_interface_addresses_ret,
        acl=(
            Acl("domain", "read"),
            Acl("domain", "write", param=("source", 1)),
        ),
    ),
    Procedure(
        357,
        "DOMAIN_SET_USER_PASSWORD",
        "virDomainSetUserPassword",
        args=structs.domain_set_user_password_args,
        acl=(Acl("domain", "set_password"),),
    ),
    Procedure(
        371,
        "DOMAIN_GET_GUEST_VCPUS",
        "virDomainGetGuestVcpus",
        args=structs.domain_get_guest_vcpus_args,
        ret=structs.domain_get_guest_vcpus_ret,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        372,
        "DOMAIN_SET_GUEST_VCPUS",
        "virDomainSetGuestVcpus",
        args=structs.domain_set_guest_vcpus_args,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        418,
        "DOMAIN_GET_GUEST_INFO",
        "virDomainGetGuestInfo",
        args=structs.domain_get_guest_info_args,
        ret=structs.domain_get_guest_info_ret,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        420,
        "DOMAIN_AGENT_SET_RESPONSE_TIMEOUT",
        "virDomainAgentSetResponseTimeout",
        args=structs.domain_agent_set_response_timeout_args,
        ret=structs.domain_agent_set_response_timeout_ret,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        424,
        "DOMAIN_AUTHORIZED_SSH_KEYS_GET",
        "virDomainAuthorizedSSHKeysGet",
        args=structs.domain_authorized_ssh_keys_get_args,
        ret=structs.domain_authorized_ssh_keys_get_ret,
        acl=(Acl("domain", "write"),),
    ),
    Procedure(
        425,
        "DOMAIN_AUTHORIZED_SSH_KEYS_SET",
        "virDomainAuthorizedSSHKeysSet",
        args=structs.domain_authorized_ssh_keys_set_args,
        acl=(Acl("domain", "write"),),
    ),
)
