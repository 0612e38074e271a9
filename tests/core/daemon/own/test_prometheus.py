"""Figures for Prometheus: as text, and over HTTP where a loopback address is configured."""

from __future__ import annotations

import http.client
import socket
from pathlib import Path
from typing import Any

import pytest

from daemons import CONFIG, Daemon, Virsh
from virtloom.daemon.own.prometheus import parse_address

parser: Any = pytest.importorskip("prometheus_client.parser")

FAMILIES = {
    "virtloom_lock_held_seconds",
    "virtloom_lock_waited_seconds",
    "virtloom_lock_findings",
    "virtloom_jobs",
    "virtloom_call_seconds",
    "virtloom_calls_queued",
    "virtloom_workers",
    "virtloom_clients",
}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("127.0.0.1:9177", ("127.0.0.1", 9177)),
        ("localhost:1", ("127.0.0.1", 1)),
        ("[::1]:65535", ("::1", 65535)),
        ("127.8.9.10:80", ("127.8.9.10", 80)),
    ],
)
def test_a_loopback_address_with_a_port_is_taken(given: str, found: tuple[str, int]) -> None:
    assert parse_address(given) == found


@pytest.mark.parametrize("given", ["", "9177", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:http", "x:1"])
def test_what_is_no_address_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match=r"no address|does not appear"):
        parse_address(given)


@pytest.mark.parametrize("given", ["0.0.0.0:9177", "192.0.2.1:9177", "[::]:9177"])
def test_an_address_that_others_reach_is_refused(given: str) -> None:
    with pytest.raises(ValueError, match="loopback address alone"):
        parse_address(given)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_http_serves_what_happened_so_far(scratch: Path) -> None:
    port = free_port()
    daemon = Daemon(scratch, CONFIG + f'[server]\nmetrics_listen = "127.0.0.1:{port}"\n')
    try:
        Virsh(daemon.uri())("suspend", "test")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200
        families = {one.name: one for one in parser.text_string_to_metric_families(answer.read().decode())}
    finally:
        daemon.stop()
    assert families.keys() >= FAMILIES
    calls = {sample.labels["api"] for sample in families["virtloom_call_seconds"].samples}
    assert {"virDomainSuspend", "virConnectOpen"} <= calls
    for sample in families["virtloom_call_seconds"].samples:
        if sample.name.endswith("_count") and sample.labels["api"] == "virDomainSuspend":
            assert sample.value == 1
    held = [one for one in families["virtloom_lock_held_seconds"].samples if one.labels["class"] == "test domain"]
    assert sum(sample.value for sample in held if sample.name.endswith("_count")) >= 1
    buckets = [sample.value for sample in held if sample.name.endswith("_bucket")]
    assert buckets == sorted(buckets), "a histogram's buckets add up"


def test_an_address_that_cannot_be_served_keeps_the_daemon_from_starting_and_is_named(scratch: Path) -> None:
    with pytest.raises(AssertionError, match=r"metrics_listen: figures are served on a loopback address alone"):
        Daemon(scratch, CONFIG + '[server]\nmetrics_listen = "0.0.0.0:9177"\n')
