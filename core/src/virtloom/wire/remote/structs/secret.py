"""Structs of secrets."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import nonnull_secret, nonnull_string, uuid
from virtloom.xdr import int32, struct, uint32, vararray, varopaque

connect_num_of_secrets_ret = struct("connect_num_of_secrets_ret", num=int32)
connect_list_secrets_args = struct("connect_list_secrets_args", maxuuids=int32)
connect_list_secrets_ret = struct("connect_list_secrets_ret", uuids=vararray(nonnull_string, limits.SECRET_LIST_MAX))
secret_lookup_by_uuid_args = struct("secret_lookup_by_uuid_args", uuid=uuid)
secret_lookup_by_uuid_ret = struct("secret_lookup_by_uuid_ret", secret=nonnull_secret)
secret_define_xml_args = struct("secret_define_xml_args", xml=nonnull_string, flags=uint32)
secret_define_xml_ret = struct("secret_define_xml_ret", secret=nonnull_secret)
secret_get_xml_desc_args = struct("secret_get_xml_desc_args", secret=nonnull_secret, flags=uint32)
secret_get_xml_desc_ret = struct("secret_get_xml_desc_ret", xml=nonnull_string)
secret_set_value_args = struct(
    "secret_set_value_args",
    secret=nonnull_secret,
    value=varopaque(limits.SECRET_VALUE_MAX),
    flags=uint32,
)
secret_get_value_args = struct("secret_get_value_args", secret=nonnull_secret, flags=uint32)
secret_get_value_ret = struct("secret_get_value_ret", value=varopaque(limits.SECRET_VALUE_MAX))
secret_undefine_args = struct("secret_undefine_args", secret=nonnull_secret)
secret_lookup_by_usage_args = struct("secret_lookup_by_usage_args", usageType=int32, usageID=nonnull_string)
secret_lookup_by_usage_ret = struct("secret_lookup_by_usage_ret", secret=nonnull_secret)
connect_list_all_secrets_args = struct("connect_list_all_secrets_args", need_results=int32, flags=uint32)
connect_list_all_secrets_ret = struct(
    "connect_list_all_secrets_ret",
    secrets=vararray(nonnull_secret, limits.SECRET_LIST_MAX),
    ret=uint32,
)
