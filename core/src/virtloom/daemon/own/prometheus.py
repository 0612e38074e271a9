"""The figures as Prometheus reads them: as text, and over HTTP on a loopback address where that is configured.

The library, prometheus-client, comes with the extra `virtloom[metrics]` and is loaded only when somebody asks.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import HistogramMetricFamily

log = logging.getLogger(__name__)

Figures = dict[str, Any]


def text(figures: Figures) -> str:
    """The figures in Prometheus' text format.

    :raises VirtError: CONFIG_UNSUPPORTED if the library is not installed.
    """
    registry = _registry(lambda: figures)
    from prometheus_client import generate_latest

    return str(generate_latest(registry).decode())


def parse_address(given: str) -> tuple[str, int]:
    """Host and port of "127.0.0.1:9177" or "[::1]:9177".

    :raises ValueError: if it is no address and port, or none of the loopback interface.
    """
    host, _, port = given.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"'{given}' is no address with a port, such as 127.0.0.1:9177")
    address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    if not address.is_loopback:
        raise ValueError(f"figures are served on a loopback address alone, not on {host}")
    return str(address), int(port)


def serve(given: str, report: Callable[[], Figures]) -> Callable[[], None]:
    """Serve the figures over HTTP.

    :param given: where, as `parse_address` has it.
    :returns: what ends it.
    :raises VirtError: CONFIG_UNSUPPORTED if it cannot be.
    """
    try:
        host, port = parse_address(given)
        registry = _registry(report)
        from prometheus_client import start_http_server

        server, thread = start_http_server(port, host, registry)
    except (ValueError, OSError) as error:
        text = f"server.metrics_listen: {error}"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, text, ErrorDomain.ADMIN) from error
    thread.name = "metrics"
    log.info("figures for Prometheus at http://%s:%d/metrics", host, port)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join(1)

    return end


def _registry(report: Callable[[], Figures]) -> CollectorRegistry:
    try:
        from prometheus_client import CollectorRegistry
    except ImportError:
        raise VirtError(
            ErrorCode.CONFIG_UNSUPPORTED,
            "figures for Prometheus need the Python package prometheus-client",
            ErrorDomain.ADMIN,
            hint="pip install 'virtloom[metrics]', or ask for JSON",
        ) from None
    registry = CollectorRegistry()
    registry.register(_Collector(report))
    return registry


class _Collector:
    """What the library asks at each scrape."""

    def __init__(self, report: Callable[[], Figures]) -> None:
        self._report = report

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        figures = self._report()
        held = _histogram("virtloom_lock_held_seconds", "How long locks were held.", ["class", "level"])
        waited = _histogram("virtloom_lock_waited_seconds", "How long locks were waited for.", ["class", "level"])
        for row in figures["locks"]:
            _add(held, [row["class"], row["level"]], row["held"])
            _add(waited, [row["class"], row["level"]], row["waited"])
        calls = _histogram("virtloom_call_seconds", "How long calls took, from a worker's taking them.", ["api"])
        for row in figures["calls"]:
            _add(calls, [row["api"]], row["took"])
        yield from (held, waited, calls)
        jobs = GaugeMetricFamily("virtloom_jobs", "Jobs on objects now.", labels=["kind", "state"])
        for row in figures["jobs"]:
            jobs.add_metric([row["kind"], row["state"]], row["count"])
        workers = GaugeMetricFamily("virtloom_workers", "Threads for calls now.", labels=["server", "kind", "state"])
        queued = GaugeMetricFamily("virtloom_calls_queued", "Calls that no thread has yet.", labels=["server", "kind"])
        for row in figures["workers"]:
            queued.add_metric([row["server"], row["kind"]], row["queued"])
            for state, count in row["states"].items():
                workers.add_metric([row["server"], row["kind"], state], count)
        clients = GaugeMetricFamily("virtloom_clients", "Clients now.", labels=["server"])
        for row in figures["clients"]:
            clients.add_metric([row["server"]], row["clients"])
        found = CounterMetricFamily("virtloom_lock_findings", "Distinct breaches of lock rules.", labels=["rule"])
        for rule, count in figures["findings"].items():
            found.add_metric([rule], count)
        yield from (jobs, workers, queued, clients, found)


def _histogram(name: str, says: str, labels: list[str]) -> HistogramMetricFamily:
    from prometheus_client.core import HistogramMetricFamily

    return HistogramMetricFamily(name, says, labels=labels)


def _add(family: HistogramMetricFamily, labels: list[str], took: Figures) -> None:
    buckets = [(_bound(bound), count) for bound, count in [*took["buckets"], (inf, took["count"])]]
    family.add_metric(labels, buckets, took["sum"])


def _bound(seconds: float) -> str:
    return "+Inf" if seconds == inf else f"{seconds:.9g}"
