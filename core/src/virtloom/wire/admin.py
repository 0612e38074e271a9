"""The administration program, spoken on its own socket (`admin_protocol.x`)."""

from __future__ import annotations

from typing import Final

from virtloom.wire.programs import Procedure, Program
from virtloom.xdr import double, int32, int64, optional, string, struct, uint32, uint64, union, vararray

STRING_MAX: Final = 4194304
SERVER_LIST_MAX: Final = 16384
SERVER_THREADPOOL_PARAMETERS_MAX: Final = 32
CLIENT_LIST_MAX: Final = 16384
CLIENT_INFO_PARAMETERS_MAX: Final = 64
SERVER_CLIENT_LIMITS_MAX: Final = 32

nonnull_string = string(STRING_MAX)
maybe_string = optional(nonnull_string)
typed_param_value = union(
    "typed_param_value",
    {
        1: ("i", int32),
        2: ("ui", uint32),
        3: ("l", int64),
        4: ("ul", uint64),
        5: ("d", double),
        6: ("b", int32),
        7: ("s", nonnull_string),
    },
)
typed_param = struct("typed_param", field=nonnull_string, value=typed_param_value)
nonnull_server = struct("nonnull_server", name=nonnull_string)
nonnull_client = struct("nonnull_client", srv=nonnull_server, id=uint64, timestamp=int64, transport=uint32)
connect_open_args = struct("connect_open_args", flags=uint32)
connect_get_lib_version_ret = struct("connect_get_lib_version_ret", libVer=uint64)
connect_list_servers_args = struct("connect_list_servers_args", need_results=uint32, flags=uint32)
connect_list_servers_ret = struct(
    "connect_list_servers_ret",
    servers=vararray(nonnull_server, SERVER_LIST_MAX),
    ret=uint32,
)
connect_lookup_server_args = struct("connect_lookup_server_args", name=nonnull_string, flags=uint32)
connect_lookup_server_ret = struct("connect_lookup_server_ret", srv=nonnull_server)
server_get_threadpool_parameters_args = struct(
    "server_get_threadpool_parameters_args",
    srv=nonnull_server,
    flags=uint32,
)
server_get_threadpool_parameters_ret = struct(
    "server_get_threadpool_parameters_ret",
    params=vararray(typed_param, SERVER_THREADPOOL_PARAMETERS_MAX),
)
server_set_threadpool_parameters_args = struct(
    "server_set_threadpool_parameters_args",
    srv=nonnull_server,
    params=vararray(typed_param, SERVER_THREADPOOL_PARAMETERS_MAX),
    flags=uint32,
)
server_list_clients_args = struct("server_list_clients_args", srv=nonnull_server, need_results=uint32, flags=uint32)
server_list_clients_ret = struct(
    "server_list_clients_ret",
    clients=vararray(nonnull_client, CLIENT_LIST_MAX),
    ret=uint32,
)
server_lookup_client_args = struct("server_lookup_client_args", srv=nonnull_server, id=uint64, flags=uint32)
server_lookup_client_ret = struct("server_lookup_client_ret", clnt=nonnull_client)
client_get_info_args = struct("client_get_info_args", clnt=nonnull_client, flags=uint32)
client_get_info_ret = struct("client_get_info_ret", params=vararray(typed_param, CLIENT_INFO_PARAMETERS_MAX))
client_close_args = struct("client_close_args", clnt=nonnull_client, flags=uint32)
server_get_client_limits_args = struct("server_get_client_limits_args", srv=nonnull_server, flags=uint32)
server_get_client_limits_ret = struct(
    "server_get_client_limits_ret",
    params=vararray(typed_param, SERVER_CLIENT_LIMITS_MAX),
)
server_set_client_limits_args = struct(
    "server_set_client_limits_args",
    srv=nonnull_server,
    params=vararray(typed_param, SERVER_CLIENT_LIMITS_MAX),
    flags=uint32,
)
server_update_tls_files_args = struct("server_update_tls_files_args", srv=nonnull_server, flags=uint32)
connect_get_logging_outputs_args = struct("connect_get_logging_outputs_args", flags=uint32)
connect_get_logging_outputs_ret = struct("connect_get_logging_outputs_ret", outputs=nonnull_string, noutputs=uint32)
connect_get_logging_filters_args = struct("connect_get_logging_filters_args", flags=uint32)
connect_get_logging_filters_ret = struct("connect_get_logging_filters_ret", filters=maybe_string, nfilters=uint32)
connect_set_logging_outputs_args = struct("connect_set_logging_outputs_args", outputs=maybe_string, flags=uint32)
connect_set_logging_filters_args = struct("connect_set_logging_filters_args", filters=maybe_string, flags=uint32)
connect_set_daemon_timeout_args = struct("connect_set_daemon_timeout_args", timeout=uint32, flags=uint32)
connect_daemon_shutdown_args = struct("connect_daemon_shutdown_args", flags=uint32)

PROGRAM = Program(
    "ADMIN",
    0x6900690,
    1,
    [
        Procedure(1, "CONNECT_OPEN", "virAdmConnectOpen", args=connect_open_args),
        Procedure(2, "CONNECT_CLOSE", "virAdmConnectClose"),
        Procedure(3, "CONNECT_GET_LIB_VERSION", "virAdmConnectGetLibVersion", ret=connect_get_lib_version_ret),
        Procedure(
            4,
            "CONNECT_LIST_SERVERS",
            "virAdmConnectListServers",
            args=connect_list_servers_args,
            ret=connect_list_servers_ret,
        ),
        Procedure(
            5,
            "CONNECT_LOOKUP_SERVER",
            "virAdmConnectLookupServer",
            args=connect_lookup_server_args,
            ret=connect_lookup_server_ret,
        ),
        Procedure(
            6,
            "SERVER_GET_THREADPOOL_PARAMETERS",
            "virAdmServerGetThreadPoolParameters",
            args=server_get_threadpool_parameters_args,
            ret=server_get_threadpool_parameters_ret,
        ),
        Procedure(
            7,
            "SERVER_SET_THREADPOOL_PARAMETERS",
            "virAdmServerSetThreadPoolParameters",
            args=server_set_threadpool_parameters_args,
        ),
        Procedure(
            8,
            "SERVER_LIST_CLIENTS",
            "virAdmServerListClients",
            args=server_list_clients_args,
            ret=server_list_clients_ret,
        ),
        Procedure(
            9,
            "SERVER_LOOKUP_CLIENT",
            "virAdmServerLookupClient",
            args=server_lookup_client_args,
            ret=server_lookup_client_ret,
        ),
        Procedure(10, "CLIENT_GET_INFO", "virAdmClientGetInfo", args=client_get_info_args, ret=client_get_info_ret),
        Procedure(11, "CLIENT_CLOSE", "virAdmClientClose", args=client_close_args),
        Procedure(
            12,
            "SERVER_GET_CLIENT_LIMITS",
            "virAdmServerGetClientLimits",
            args=server_get_client_limits_args,
            ret=server_get_client_limits_ret,
        ),
        Procedure(13, "SERVER_SET_CLIENT_LIMITS", "virAdmServerSetClientLimits", args=server_set_client_limits_args),
        Procedure(
            14,
            "CONNECT_GET_LOGGING_OUTPUTS",
            "virAdmConnectGetLoggingOutputs",
            args=connect_get_logging_outputs_args,
            ret=connect_get_logging_outputs_ret,
        ),
        Procedure(
            15,
            "CONNECT_GET_LOGGING_FILTERS",
            "virAdmConnectGetLoggingFilters",
            args=connect_get_logging_filters_args,
            ret=connect_get_logging_filters_ret,
        ),
        Procedure(
            16, "CONNECT_SET_LOGGING_OUTPUTS", "virAdmConnectSetLoggingOutputs", args=connect_set_logging_outputs_args
        ),
        Procedure(
            17, "CONNECT_SET_LOGGING_FILTERS", "virAdmConnectSetLoggingFilters", args=connect_set_logging_filters_args
        ),
        Procedure(18, "SERVER_UPDATE_TLS_FILES", "virAdmServerUpdateTlsFiles", args=server_update_tls_files_args),
        Procedure(
            19, "CONNECT_SET_DAEMON_TIMEOUT", "virAdmConnectSetDaemonTimeout", args=connect_set_daemon_timeout_args
        ),
        Procedure(20, "CONNECT_DAEMON_SHUTDOWN", "virAdmConnectDaemonShutdown", args=connect_daemon_shutdown_args),
    ],
)
