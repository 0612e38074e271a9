"""Networks' rules put into the kernel by nft(8), a network's all at once."""

from __future__ import annotations

import shutil

from virtloom.driver import DriverHost
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.network.network import Network
from virtloom_network.bridges.rules import removal, ruleset

PATH = "/usr/sbin:/sbin:/usr/bin:/bin"


def program(name: str, package: str) -> str:
    """The path of a program.

    :raises VirtError: OPERATION_FAILED, with the package that has it, if it is not installed.
    """
    found = shutil.which(name, path=PATH)
    if found is None:
        detail = f"cannot find '{name}', which virtual networks need"
        hint = f"install {package} (on Debian: apt-get install {package})"
        raise VirtError(ErrorCode.OPERATION_FAILED, detail, ErrorDomain.NETWORK, hint=hint)
    return found


class Firewall:
    """The tables of all networks.

    :param host: the driver's host.
    """

    def __init__(self, host: DriverHost) -> None:
        self._host = host

    def put(self, network: Network) -> None:
        """Put a network's rules in the place of those that it has.

        :raises VirtError: OPERATION_FAILED, OPERATION_TIMEOUT; then those that it had are there still.
        """
        self._apply(ruleset(network))

    def remove(self, network: Network) -> None:
        """Remove a network's rules, if it has any.

        :raises VirtError: OPERATION_FAILED, OPERATION_TIMEOUT.
        """
        self._apply(removal(network))

    def _apply(self, commands: str) -> None:
        deadline = float(self._host.config["helper_deadline"])
        self._host.run([program("nft", "nftables"), "-f", "-"], deadline=deadline, stdin=commands.encode())
