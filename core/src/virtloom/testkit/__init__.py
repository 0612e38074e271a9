"""What a plugin's author runs against a driver of their own: `host.hosted` starts it with no socket and no daemon."""

from virtloom.testkit.host import HostedDriver, hosted

__all__ = ["HostedDriver", "hosted"]
