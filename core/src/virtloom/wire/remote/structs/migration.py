"""Structs of migration, in its versions."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import maybe_string, nonnull_domain, nonnull_string, typed_param
from virtloom.xdr import int32, struct, uint32, uint64, vararray, varopaque

domain_migrate_prepare_args = struct(
    "domain_migrate_prepare_args",
    uri_in=maybe_string,
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
)
domain_migrate_prepare_ret = struct(
    "domain_migrate_prepare_ret",
    cookie=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri_out=maybe_string,
)
domain_migrate_perform_args = struct(
    "domain_migrate_perform_args",
    dom=nonnull_domain,
    cookie=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri=nonnull_string,
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
)
domain_migrate_finish_args = struct(
    "domain_migrate_finish_args",
    dname=nonnull_string,
    cookie=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri=nonnull_string,
    flags=uint64,
)
domain_migrate_finish_ret = struct("domain_migrate_finish_ret", ddom=nonnull_domain)
domain_migrate_prepare2_args = struct(
    "domain_migrate_prepare2_args",
    uri_in=maybe_string,
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
    dom_xml=nonnull_string,
)
domain_migrate_prepare2_ret = struct(
    "domain_migrate_prepare2_ret",
    cookie=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri_out=maybe_string,
)
domain_migrate_finish2_args = struct(
    "domain_migrate_finish2_args",
    dname=nonnull_string,
    cookie=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri=nonnull_string,
    flags=uint64,
    retcode=int32,
)
domain_migrate_finish2_ret = struct("domain_migrate_finish2_ret", ddom=nonnull_domain)
domain_migrate_prepare_tunnel_args = struct(
    "domain_migrate_prepare_tunnel_args",
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
    dom_xml=nonnull_string,
)
domain_migrate_get_max_downtime_args = struct("domain_migrate_get_max_downtime_args", dom=nonnull_domain, flags=uint32)
domain_migrate_get_max_downtime_ret = struct("domain_migrate_get_max_downtime_ret", downtime=uint64)
domain_migrate_set_max_downtime_args = struct(
    "domain_migrate_set_max_downtime_args",
    dom=nonnull_domain,
    downtime=uint64,
    flags=uint32,
)
domain_migrate_get_compression_cache_args = struct(
    "domain_migrate_get_compression_cache_args",
    dom=nonnull_domain,
    flags=uint32,
)
domain_migrate_get_compression_cache_ret = struct("domain_migrate_get_compression_cache_ret", cacheSize=uint64)
domain_migrate_set_compression_cache_args = struct(
    "domain_migrate_set_compression_cache_args",
    dom=nonnull_domain,
    cacheSize=uint64,
    flags=uint32,
)
domain_migrate_set_max_speed_args = struct(
    "domain_migrate_set_max_speed_args",
    dom=nonnull_domain,
    bandwidth=uint64,
    flags=uint32,
)
domain_migrate_get_max_speed_args = struct("domain_migrate_get_max_speed_args", dom=nonnull_domain, flags=uint32)
domain_migrate_get_max_speed_ret = struct("domain_migrate_get_max_speed_ret", bandwidth=uint64)
domain_migrate_begin3_args = struct(
    "domain_migrate_begin3_args",
    dom=nonnull_domain,
    xmlin=maybe_string,
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
)
domain_migrate_begin3_ret = struct(
    "domain_migrate_begin3_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
    xml=nonnull_string,
)
domain_migrate_prepare3_args = struct(
    "domain_migrate_prepare3_args",
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri_in=maybe_string,
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
    dom_xml=nonnull_string,
)
domain_migrate_prepare3_ret = struct(
    "domain_migrate_prepare3_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri_out=maybe_string,
)
domain_migrate_prepare_tunnel3_args = struct(
    "domain_migrate_prepare_tunnel3_args",
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
    dom_xml=nonnull_string,
)
domain_migrate_prepare_tunnel3_ret = struct(
    "domain_migrate_prepare_tunnel3_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
)
domain_migrate_perform3_args = struct(
    "domain_migrate_perform3_args",
    dom=nonnull_domain,
    xmlin=maybe_string,
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    dconnuri=maybe_string,
    uri=maybe_string,
    flags=uint64,
    dname=maybe_string,
    resource=uint64,
)
domain_migrate_perform3_ret = struct("domain_migrate_perform3_ret", cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX))
domain_migrate_finish3_args = struct(
    "domain_migrate_finish3_args",
    dname=nonnull_string,
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    dconnuri=maybe_string,
    uri=maybe_string,
    flags=uint64,
    cancelled=int32,
)
domain_migrate_finish3_ret = struct(
    "domain_migrate_finish3_ret",
    dom=nonnull_domain,
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
)
domain_migrate_confirm3_args = struct(
    "domain_migrate_confirm3_args",
    dom=nonnull_domain,
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint64,
    cancelled=int32,
)
domain_migrate_begin3_params_args = struct(
    "domain_migrate_begin3_params_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_MIGRATE_PARAM_LIST_MAX),
    flags=uint32,
)
domain_migrate_begin3_params_ret = struct(
    "domain_migrate_begin3_params_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
    xml=nonnull_string,
)
domain_migrate_prepare3_params_args = struct(
    "domain_migrate_prepare3_params_args",
    params=vararray(typed_param, limits.DOMAIN_MIGRATE_PARAM_LIST_MAX),
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint32,
)
domain_migrate_prepare3_params_ret = struct(
    "domain_migrate_prepare3_params_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
    uri_out=maybe_string,
)
domain_migrate_prepare_tunnel3_params_args = struct(
    "domain_migrate_prepare_tunnel3_params_args",
    params=vararray(typed_param, limits.DOMAIN_MIGRATE_PARAM_LIST_MAX),
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint32,
)
domain_migrate_prepare_tunnel3_params_ret = struct(
    "domain_migrate_prepare_tunnel3_params_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
)
domain_migrate_perform3_params_args = struct(
    "domain_migrate_perform3_params_args",
    dom=nonnull_domain,
    dconnuri=maybe_string,
    params=vararray(typed_param, limits.DOMAIN_MIGRATE_PARAM_LIST_MAX),
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint32,
)
domain_migrate_perform3_params_ret = struct(
    "domain_migrate_perform3_params_ret",
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
)
domain_migrate_finish3_params_args = struct(
    "domain_migrate_finish3_params_args",
    params=vararray(typed_param, limits.DOMAIN_MIGRATE_PARAM_LIST_MAX),
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint32,
    cancelled=int32,
)
domain_migrate_finish3_params_ret = struct(
    "domain_migrate_finish3_params_ret",
    dom=nonnull_domain,
    cookie_out=varopaque(limits.MIGRATE_COOKIE_MAX),
)
domain_migrate_confirm3_params_args = struct(
    "domain_migrate_confirm3_params_args",
    dom=nonnull_domain,
    params=vararray(typed_param, limits.DOMAIN_MIGRATE_PARAM_LIST_MAX),
    cookie_in=varopaque(limits.MIGRATE_COOKIE_MAX),
    flags=uint32,
    cancelled=int32,
)
domain_migrate_start_post_copy_args = struct("domain_migrate_start_post_copy_args", dom=nonnull_domain, flags=uint32)
