"""Structs of connections: opening, authentication, capabilities, lists of domains."""

from __future__ import annotations

from virtloom.wire.remote import limits
from virtloom.wire.remote.structs.common import (
    domain_stats_record,
    maybe_string,
    nonnull_domain,
    nonnull_string,
    typed_param,
)
from virtloom.xdr import char, enum, int32, struct, uint32, uint64, vararray

connect_open_args = struct("connect_open_args", name=maybe_string, flags=uint32)
connect_supports_feature_args = struct("connect_supports_feature_args", feature=int32)
connect_supports_feature_ret = struct("connect_supports_feature_ret", supported=int32)
connect_get_type_ret = struct("connect_get_type_ret", type=nonnull_string)
connect_get_version_ret = struct("connect_get_version_ret", hv_ver=uint64)
connect_get_lib_version_ret = struct("connect_get_lib_version_ret", lib_ver=uint64)
connect_get_hostname_ret = struct("connect_get_hostname_ret", hostname=nonnull_string)
connect_get_sysinfo_args = struct("connect_get_sysinfo_args", flags=uint32)
connect_get_sysinfo_ret = struct("connect_get_sysinfo_ret", sysinfo=nonnull_string)
connect_get_uri_ret = struct("connect_get_uri_ret", uri=nonnull_string)
connect_get_max_vcpus_args = struct("connect_get_max_vcpus_args", type=maybe_string)
connect_get_max_vcpus_ret = struct("connect_get_max_vcpus_ret", max_vcpus=int32)
connect_get_capabilities_ret = struct("connect_get_capabilities_ret", capabilities=nonnull_string)
connect_get_domain_capabilities_args = struct(
    "connect_get_domain_capabilities_args",
    emulatorbin=maybe_string,
    arch=maybe_string,
    machine=maybe_string,
    virttype=maybe_string,
    flags=uint32,
)
connect_get_domain_capabilities_ret = struct("connect_get_domain_capabilities_ret", capabilities=nonnull_string)
connect_list_domains_args = struct("connect_list_domains_args", maxids=int32)
connect_list_domains_ret = struct("connect_list_domains_ret", ids=vararray(int32, limits.DOMAIN_LIST_MAX))
connect_num_of_domains_ret = struct("connect_num_of_domains_ret", num=int32)
connect_list_defined_domains_args = struct("connect_list_defined_domains_args", maxnames=int32)
connect_list_defined_domains_ret = struct(
    "connect_list_defined_domains_ret",
    names=vararray(nonnull_string, limits.DOMAIN_LIST_MAX),
)
connect_num_of_defined_domains_ret = struct("connect_num_of_defined_domains_ret", num=int32)
auth_type = enum("auth_type", NONE=0, SASL=1, POLKIT=2)
auth_list_ret = struct("auth_list_ret", types=vararray(auth_type, limits.AUTH_TYPE_LIST_MAX))
auth_sasl_init_ret = struct("auth_sasl_init_ret", mechlist=nonnull_string)
auth_sasl_start_args = struct(
    "auth_sasl_start_args",
    mech=nonnull_string,
    nil=int32,
    data=vararray(char, limits.AUTH_SASL_DATA_MAX),
)
auth_sasl_start_ret = struct(
    "auth_sasl_start_ret",
    complete=int32,
    nil=int32,
    data=vararray(char, limits.AUTH_SASL_DATA_MAX),
)
auth_sasl_step_args = struct("auth_sasl_step_args", nil=int32, data=vararray(char, limits.AUTH_SASL_DATA_MAX))
auth_sasl_step_ret = struct(
    "auth_sasl_step_ret",
    complete=int32,
    nil=int32,
    data=vararray(char, limits.AUTH_SASL_DATA_MAX),
)
auth_polkit_ret = struct("auth_polkit_ret", complete=int32)
connect_domain_xml_from_native_args = struct(
    "connect_domain_xml_from_native_args",
    nativeFormat=nonnull_string,
    nativeConfig=nonnull_string,
    flags=uint32,
)
connect_domain_xml_from_native_ret = struct("connect_domain_xml_from_native_ret", domainXml=nonnull_string)
connect_domain_xml_to_native_args = struct(
    "connect_domain_xml_to_native_args",
    nativeFormat=nonnull_string,
    domainXml=nonnull_string,
    flags=uint32,
)
connect_domain_xml_to_native_ret = struct("connect_domain_xml_to_native_ret", nativeConfig=nonnull_string)
connect_is_secure_ret = struct("connect_is_secure_ret", secure=int32)
connect_compare_cpu_args = struct("connect_compare_cpu_args", xml=nonnull_string, flags=uint32)
connect_compare_cpu_ret = struct("connect_compare_cpu_ret", result=int32)
connect_baseline_cpu_args = struct(
    "connect_baseline_cpu_args",
    xmlCPUs=vararray(nonnull_string, limits.CPU_BASELINE_MAX),
    flags=uint32,
)
connect_baseline_cpu_ret = struct("connect_baseline_cpu_ret", cpu=nonnull_string)
connect_list_all_domains_args = struct("connect_list_all_domains_args", need_results=int32, flags=uint32)
connect_list_all_domains_ret = struct(
    "connect_list_all_domains_ret",
    domains=vararray(nonnull_domain, limits.DOMAIN_LIST_MAX),
    ret=uint32,
)
connect_get_cpu_model_names_args = struct(
    "connect_get_cpu_model_names_args",
    arch=nonnull_string,
    need_results=int32,
    flags=uint32,
)
connect_get_cpu_model_names_ret = struct(
    "connect_get_cpu_model_names_ret",
    models=vararray(nonnull_string, limits.CONNECT_CPU_MODELS_MAX),
    ret=int32,
)
connect_get_all_domain_stats_args = struct(
    "connect_get_all_domain_stats_args",
    doms=vararray(nonnull_domain, limits.DOMAIN_LIST_MAX),
    stats=uint32,
    flags=uint32,
)
connect_get_all_domain_stats_ret = struct(
    "connect_get_all_domain_stats_ret",
    retStats=vararray(domain_stats_record, limits.DOMAIN_LIST_MAX),
)
connect_compare_hypervisor_cpu_args = struct(
    "connect_compare_hypervisor_cpu_args",
    emulator=maybe_string,
    arch=maybe_string,
    machine=maybe_string,
    virttype=maybe_string,
    xmlCPU=nonnull_string,
    flags=uint32,
)
connect_compare_hypervisor_cpu_ret = struct("connect_compare_hypervisor_cpu_ret", result=int32)
connect_baseline_hypervisor_cpu_args = struct(
    "connect_baseline_hypervisor_cpu_args",
    emulator=maybe_string,
    arch=maybe_string,
    machine=maybe_string,
    virttype=maybe_string,
    xmlCPUs=vararray(nonnull_string, limits.CPU_BASELINE_MAX),
    flags=uint32,
)
connect_baseline_hypervisor_cpu_ret = struct("connect_baseline_hypervisor_cpu_ret", cpu=nonnull_string)
connect_set_identity_args = struct(
    "connect_set_identity_args",
    params=vararray(typed_param, limits.CONNECT_IDENTITY_PARAMS_MAX),
    flags=uint32,
)
