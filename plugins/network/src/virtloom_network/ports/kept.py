"""Where the ports of running networks are kept, so that a restarted daemon knows them: a folder for each network.

Assumes: the caller holds a job on the network and no lock: everything here may sleep.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from uuid import UUID

from virtloom.driver.files.store import DefinitionStore
from virtloom.xmldef.network.port import NetworkPort, parse_port


class KeptPorts:
    """The files of all ports.

    :param folder: made when something is first written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _store(self, network: bytes) -> DefinitionStore:
        return DefinitionStore(self._folder / str(UUID(bytes=network)))

    def write(self, network: bytes, port: NetworkPort) -> None:
        """Keep a port.

        :raises VirtError: SYSTEM_ERROR.
        """
        self._store(network).write(str(UUID(bytes=port.uuid)), port.format())

    def remove(self, network: bytes, port: bytes) -> None:
        """Forget a port; it is no error if there is none.

        :raises VirtError: SYSTEM_ERROR.
        """
        self._store(network).remove(str(UUID(bytes=port)))

    def load(self, network: bytes) -> dict[bytes, NetworkPort]:
        """The ports of a network that can be read."""
        return {port.uuid: port for _, port in self._store(network).load(parse_port)}

    def forget(self, network: bytes) -> None:
        """Forget all ports of a network."""
        shutil.rmtree(self._store(network).folder, ignore_errors=True)
