"""The values of secrets: asked of the host's secret driver, and lent to a helper as a file that only it can read."""

from __future__ import annotations

import os
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from virtloom.driver import DriverHost, DriverKind, SecretDriver
from virtloom.driver.handles import SecretHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.secrets import SecretReference

VOLUME_USAGE = 1  # VIR_SECRET_USAGE_TYPE_VOLUME


class Secrets:
    """Secrets, as far as this driver needs them.

    :param host: leads to the secret driver.
    :param folder: where a value is put for a helper to read, for as long as it runs.
    """

    def __init__(self, host: DriverHost, folder: Path) -> None:
        self._host = host
        self._folder = folder

    def value(self, reference: SecretReference, usage_type: int = VOLUME_USAGE) -> bytes:
        """The value of a secret. To be called with no lock held.

        :raises VirtError: NO_SECRET and others of the secret driver, NO_SUPPORT if there is none.
        """
        driver = self._host.driver(DriverKind.SECRET)
        if not isinstance(driver, SecretDriver):
            detail = "no secret driver is available, so the volume's secret cannot be looked up"
            raise VirtError(ErrorCode.NO_SUPPORT, detail, ErrorDomain.SECRET)
        try:
            if reference.uuid is not None:
                return driver.reveal(uuid=UUID(reference.uuid).bytes)
            return driver.reveal(usage_type=usage_type, usage_id=reference.usage or "")
        except VirtError as error:
            error.domain = error.domain or driver.error_domain  # it is that driver's word, not this one's
            raise

    def named_by(self, path: str) -> SecretReference | None:
        """The secret whose use is the volume at a path; None if there is none (`storageBackendLoadDefaultSecrets`)."""
        driver = self._host.driver(DriverKind.SECRET)
        look_up = getattr(driver, "secret_lookup_by_usage", None)
        if look_up is None:
            return None
        try:
            handle: SecretHandle = look_up(VOLUME_USAGE, path)
        except VirtError:
            return None
        return SecretReference(type="passphrase", uuid=str(UUID(bytes=handle.uuid)))

    @contextmanager
    def as_file(
        self, reference: SecretReference, usage_type: int = VOLUME_USAGE, *, base64: bool = False
    ) -> Iterator[str]:
        """The path of a file that holds the value, for as long as the block runs.

        :param base64: whether the helper wants it so.
        """
        value = self.value(reference, usage_type)
        if base64:
            value = b64encode(value)
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(dir=self._folder, prefix="secret.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(value)
            yield path
        finally:
            os.unlink(path)
