"""Where secrets are kept: `UUID.xml` for the definition, `UUID.base64` for the value, as libvirt names them.

Assumes: the caller holds a job on the secret and no lock, since everything here may sleep.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from virtloom.driver.files.store import DefinitionStore
from virtloom.xmldef import secret
from virtloom.xmldef.secret import Secret

log = logging.getLogger(__name__)


class Keeping:
    """The files of all secrets, readable by the daemon alone.

    :param folder: `/etc/libvirt/secrets` is libvirt's.
    """

    def __init__(self, folder: Path) -> None:
        self._definitions = DefinitionStore(folder)
        self._values = DefinitionStore(folder, ".base64")

    def save(self, definition: Secret, value: bytes | None) -> None:
        """Keep a secret; of an ephemeral one, nothing is left.

        :raises VirtError: SYSTEM_ERROR if it could not be written; what was kept before is then still there.
        """
        name = str(UUID(bytes=definition.uuid))
        if definition.ephemeral:
            self.remove(definition)
            return
        if value is None:
            self._values.remove(name)  # one that a crash has left of a former secret
        else:
            self.save_value(definition, value)
        self._definitions.write(name, definition.format())

    def save_value(self, definition: Secret, value: bytes) -> None:
        """Keep the value of a secret that is kept.

        :raises VirtError: SYSTEM_ERROR if it could not be written; the one that was kept before is then still there.
        """
        if not definition.ephemeral:
            self._values.write(str(UUID(bytes=definition.uuid)), base64.b64encode(value).decode())

    def remove(self, definition: Secret) -> None:
        """Forget a secret; the definition first, so that a crash leaves no secret that lost its value."""
        name = str(UUID(bytes=definition.uuid))
        self._definitions.remove(name)
        self._values.remove(name)

    def load(self) -> Iterator[tuple[Secret, bytes | None]]:
        """Every secret that can be read, with its value; damaged files are set aside."""
        values = dict(self._values.load(lambda text: base64.b64decode(text, validate=True)))
        for name, definition in self._definitions.load(secret.parse):
            uuid = str(UUID(bytes=definition.uuid))
            if name == uuid:
                yield definition, values.get(name)
            else:
                log.error("the secret %s cannot be loaded: its file is named '%s'", uuid, name)
