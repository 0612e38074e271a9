"""Procedures: secrets."""

from __future__ import annotations

from virtloom.wire.programs import Acl, Procedure
from virtloom.wire.remote.structs import secret as structs

PROCEDURES = (
    Procedure(
        139,
        "CONNECT_NUM_OF_SECRETS",
        "virConnectNumOfSecrets",
        ret=structs.connect_num_of_secrets_ret,
        priority=True,
        acl=(Acl("connect", "search_secrets"),),
        acl_filter="secret:getattr",
    ),
    Procedure(
        140,
        "CONNECT_LIST_SECRETS",
        "virConnectListSecrets",
        args=structs.connect_list_secrets_args,
        ret=structs.connect_list_secrets_ret,
        priority=True,
        acl=(Acl("connect", "search_secrets"),),
        acl_filter="secret:getattr",
    ),
    Procedure(
        141,
        "SECRET_LOOKUP_BY_UUID",
        "virSecretLookupByUUID",
        args=structs.secret_lookup_by_uuid_args,
        ret=structs.secret_lookup_by_uuid_ret,
        priority=True,
        acl=(Acl("secret", "getattr"),),
    ),
    Procedure(
        142,
        "SECRET_DEFINE_XML",
        "virSecretDefineXML",
        args=structs.secret_define_xml_args,
        ret=structs.secret_define_xml_ret,
        priority=True,
        acl=(
            Acl("secret", "write"),
            Acl("secret", "save"),
        ),
    ),
    Procedure(
        143,
        "SECRET_GET_XML_DESC",
        "virSecretGetXMLDesc",
        args=structs.secret_get_xml_desc_args,
        ret=structs.secret_get_xml_desc_ret,
        priority=True,
        acl=(Acl("secret", "read"),),
    ),
    Procedure(
        144,
        "SECRET_SET_VALUE",
        "virSecretSetValue",
        args=structs.secret_set_value_args,
        priority=True,
        acl=(Acl("secret", "write"),),
    ),
    Procedure(
        145,
        "SECRET_GET_VALUE",
        "virSecretGetValue",
        args=structs.secret_get_value_args,
        ret=structs.secret_get_value_ret,
        priority=True,
        acl=(Acl("secret", "read_secure"),),
    ),
    Procedure(
        146,
        "SECRET_UNDEFINE",
        "virSecretUndefine",
        args=structs.secret_undefine_args,
        priority=True,
        acl=(Acl("secret", "delete"),),
    ),
    Procedure(
        147,
        "SECRET_LOOKUP_BY_USAGE",
        "virSecretLookupByUsage",
        args=structs.secret_lookup_by_usage_args,
        ret=structs.secret_lookup_by_usage_ret,
        priority=True,
        acl=(Acl("secret", "getattr"),),
    ),
    Procedure(
        287,
        "CONNECT_LIST_ALL_SECRETS",
        "virConnectListAllSecrets",
        args=structs.connect_list_all_secrets_args,
        ret=structs.connect_list_all_secrets_ret,
        priority=True,
        acl=(Acl("connect", "search_secrets"),),
        acl_filter="secret:getattr",
    ),
)
