"""What the host counts on a guest's network interfaces."""

from __future__ import annotations

from pathlib import Path

# The guest's name for each counter of the host's end, in the order of `virDomainInterfaceStats`: what the host sent the
# guest received, and the other way.
COUNTERS = (
    ("rx_bytes", "tx_bytes"), ("rx_packets", "tx_packets"), ("rx_errs", "tx_errors"), ("rx_drop", "tx_dropped"),
    ("tx_bytes", "rx_bytes"), ("tx_packets", "rx_packets"), ("tx_errs", "rx_errors"), ("tx_drop", "rx_dropped"),
)  # fmt: skip
FIELDS = {
    "rx_bytes": "rx.bytes", "rx_packets": "rx.pkts", "rx_errs": "rx.errs", "rx_drop": "rx.drop",
    "tx_bytes": "tx.bytes", "tx_packets": "tx.pkts", "tx_errs": "tx.errs", "tx_drop": "tx.drop",
}  # fmt: skip


def read_interface(name: str) -> dict[str, int] | None:
    """The counters of an interface of the host, named as the guest sees them; None if there is none of that name."""
    folder = Path("/sys/class/net", name, "statistics")
    try:
        return {ours: int(Path(folder, theirs).read_text()) for ours, theirs in COUNTERS}
    except (OSError, ValueError):
        return None
