"""Every key of the configuration: its type, its default, what it is for. One table, from which all else follows.

Keys that libvirtd.conf has carry its names and defaults. `later` marks those whose function this version does not
have: they are accepted at their default, so that a file written for a later version's defaults loads, and refused
otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Value = bool | int | float | str | list[str]


@dataclass(frozen=True)
class Setting:
    """One key.

    :ivar section: name: where it stands in the file.
    :ivar default: its value when it is not given; its type is the key's type.
    :ivar help: one sentence.
    :ivar choices: the values that it may have; () for any of its type.
    :ivar low: high: the range of a number.
    :ivar at_most: the name of a key of the same section that this one must not exceed.
    :ivar pairs: whether each of a list's strings must be NAME=VALUE.
    :ivar octal: whether a string must be permissions in octal digits, as chmod(1) takes them.
    :ivar later: whether only the default works in this version.
    """

    section: str
    name: str
    default: Value
    help: str
    choices: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    at_most: str | None = None
    octal: bool = False
    pairs: bool = False
    later: bool = False

    @property
    def key(self) -> str:
        """Section and name, as people write it."""
        return f"{self.section}.{self.name}"

    def objection(self, value: Any) -> str | None:
        """What is wrong with a value for this key; None if nothing."""
        wanted = type(self.default)
        fits = isinstance(value, (int, float) if wanted is float else wanted)
        if not fits or (isinstance(value, bool) and wanted is not bool):
            return f"{self.key} must be {_type_name(wanted)}, not {_type_name(type(value))}"
        if wanted is list and not all(isinstance(item, str) for item in value):
            return f"{self.key} must be a list of strings"
        if self.choices and value not in self.choices:
            return f"{self.key} must be one of {', '.join(map(repr, self.choices))}, not {value!r}"
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            return f"{self.key} must be {_range(self.low, self.high)}, not {value}"
        if self.octal and not re.fullmatch("0?[0-7]{3}", value):
            return f'{self.key} must be permissions in octal, such as "{self.default}", not {value!r}'
        wrong = [one for one in value if not re.fullmatch("[^=]+=[^=]+", one)] if self.pairs else []
        if wrong:
            return f"{self.key} must be a list of NAME=VALUE, not {wrong[0]!r}"
        if self.later and value != self.default:
            return f"{self.key} = {value!r} is not possible in this version; leave it at {self.default!r}"
        return None

    def excess(self, values: Mapping[str, Any]) -> str | None:
        """What is wrong with this key beside another of its section's values; None if nothing."""
        if self.at_most is None or values[self.name] <= values[self.at_most]:
            return None
        own, other = (f"{self.section}.{name} ({values[name]})" for name in (self.name, self.at_most))
        return f"{own} must not be more than {other}; lower the one or raise the other"


def _type_name(kind: type) -> str:
    names = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        str: "a string",
        list: "a list of strings",
    }
    return names.get(kind, f"a {kind.__name__}")


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"between {low} and {high}"


def _server(name: str, default: Value, text: str, **more: Any) -> Setting:
    return Setting("server", name, default, text, **more)


SETTINGS: tuple[Setting, ...] = (
    _server("max_clients", 5000, "clients at once, over all sockets", low=1),
    _server("max_queued_clients", 20, "clients that wait in the kernel to be accepted", low=1),
    _server(
        "max_anonymous_clients",
        20,
        "clients that have not authenticated; 0 sets no limit",
        low=0,
        at_most="max_clients",
    ),
    _server("min_workers", 5, "threads for calls that are there from the start", low=1, at_most="max_workers"),
    _server("max_workers", 20, "threads for calls, not counting those that wait", low=1),
    _server("prio_workers", 5, "threads for calls of high priority, which never wait behind others", low=0),
    _server("max_waiting", 500, "calls that may wait for the outside world at once", low=1),
    _server("max_client_requests", 1, "calls of one client that are worked on at once", low=1),
    _server("client_backlog", 256, "calls of one client that wait their turn; past them it is not read from", low=1),
    _server("event_queue", 1000, "events that a client has not read; past them events are dropped", low=1),
    _server(
        "keepalive_interval", 5, "seconds of silence after which a client is asked whether it lives; 0 never", low=0
    ),
    _server("keepalive_count", 5, "unanswered questions that cost a client its connection", low=0),
    _server("unix_sock_group", "", "group that owns the read-write socket; empty leaves it alone"),
    _server("unix_sock_ro_perms", "0777", "permissions of the read-only socket, octal", octal=True),
    _server("unix_sock_rw_perms", "0700", "permissions of the read-write socket, octal", octal=True),
    _server("unix_sock_admin_perms", "0700", "permissions of the administration socket, octal", octal=True),
    _server("unix_sock_dir", "", "folder of the sockets; empty is the usual one"),
    _server("libvirt_compat", False, "listen at libvirt's own socket paths as well"),
    _server("metrics_listen", "", "loopback address and port of figures for Prometheus; empty serves none"),
    _server(
        "stop_timeout", 5.0, "seconds that a stop takes at most; running calls have most of them", low=0.1, high=60.0
    ),
    _server("admin_max_clients", 5, "clients of the administration socket at once", low=1),
    _server(
        "admin_min_workers", 1, "threads for administration calls from the start", low=1, at_most="admin_max_workers"
    ),
    _server("admin_max_workers", 5, "threads for administration calls", low=1),
    _server("listen_tcp", False, "listen on TCP, unencrypted", later=True),
    _server("listen_addr", "0.0.0.0", "address to listen on"),
    _server("tcp_port", "16509", "port for TCP"),
    _server("host_uuid", "", "UUID of the host; empty takes the firmware's", later=True),
    Setting("tls", "listen_tls", False, "listen on TLS", later=True),
    Setting("tls", "tls_port", "16514", "port for TLS"),
    Setting("tls", "key_file", "/etc/pki/libvirt/private/serverkey.pem", "the server's private key"),
    Setting("tls", "cert_file", "/etc/pki/libvirt/servercert.pem", "the server's certificate"),
    Setting("tls", "ca_file", "/etc/pki/CA/cacert.pem", "the certificate authority's certificate"),
    Setting("auth", "auth_unix_ro", "none", "how clients of the read-only socket say who they are", later=True),
    Setting("auth", "auth_unix_rw", "none", "how clients of the read-write socket say who they are", later=True),
    Setting("auth", "auth_tcp", "sasl", "how clients over TCP say who they are", later=True),
    Setting("auth", "auth_tls", "none", "how clients over TLS say who they are", later=True),
    Setting("locks", "checking", "record", "how locks are checked", choices=("off", "record", "enforce")),
    Setting(
        "locks", "slow_lock", 0.5, "seconds that a lock is held before the log tells of it; 0 tells of none", low=0
    ),
    Setting("locks", "job_timeout", 30.0, "seconds that a call waits for an object that another works on", low=0.01),
    Setting(
        "log", "log_level", 3, "the least that is logged: 1 debug, 2 information, 3 warnings, 4 errors", low=1, high=4
    ),
    Setting("log", "log_outputs", "", "where to, as LEVEL:stderr, LEVEL:journald or LEVEL:file:PATH; empty finds out"),
    Setting(
        "log", "log_filters", "", "what is logged more or less finely than the rest, as LEVEL:NAME, separated by blanks"
    ),
    Setting("drivers", "enable", [], "drivers to load; empty loads all that are installed"),
    Setting("drivers", "disable", [], "drivers not to load"),
    Setting("drivers", "also", [], "URI schemes that a driver serves beside its own, as SCHEME=DRIVER", pairs=True),
)

BY_SECTION: dict[str, dict[str, Setting]] = {}
for _setting in SETTINGS:
    BY_SECTION.setdefault(_setting.section, {})[_setting.name] = _setting

# What is fixed when the daemon starts; a reload reports a change of it and leaves it.
NEEDS_RESTART = frozenset(
    setting.key
    for setting in SETTINGS
    if setting.section in ("tls", "auth", "drivers")
    or setting.name.startswith(("unix_sock_", "admin_", "listen_", "tcp_"))
    or setting.name in ("libvirt_compat", "host_uuid", "checking", "job_timeout", "metrics_listen")
)
