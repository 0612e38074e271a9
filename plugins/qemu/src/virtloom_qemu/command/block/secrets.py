"""Secrets of images: passwords of servers, keys of encrypted images, cookies (`qemuDomainSecretInfo`).

A guest that starts reads each from a file in memory that it is given, a guest that runs is told by its monitor: nobody
who can see its arguments can read them, and they are on no disk.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from virtloom.driver.constants.secret import SecretUsage as Usage
from virtloom.xmldef.document import Node
from virtloom_qemu.command.block.image import Image
from virtloom_qemu.command.line import CommandLine

BLOCK = 16  # bytes that AES encrypts at once
AUTH_USAGES = {"ceph": Usage.CEPH, "iscsi": Usage.ISCSI}


class Wanted(NamedTuple):
    """A secret that an image needs.

    :ivar name: what QEMU is to know it by; :ivar usage: what it is for (`virSecretUsageType`).
    :ivar secret: the `<secret>` that says which it is; None for one that the definition has itself, the value.
    """

    name: str
    usage: int = 0
    secret: Node | None = None
    value: bytes = b""


def encryption_secret(image: Image) -> str:
    """What QEMU knows the key of an encrypted image by."""
    return f"{image.format_node}-encryption-secret0"


def wanted(image: Image) -> Iterator[Wanted]:
    """The secrets that an image and those behind it need."""
    for one in image.chain():
        secret = one.encryption.find("secret") if one.encryption is not None else None
        if secret is not None:
            yield Wanted(encryption_secret(one), Usage.VOLUME, secret)
        secret = one.auth.find("secret") if one.auth is not None else None
        if secret is not None:
            usage = AUTH_USAGES.get(secret.get("type") or "", Usage.NONE)
            yield Wanted(f"{one.storage_node}-auth-secret0", usage, secret)
        cookies = one.source.find("cookies")
        if cookies is not None:
            pairs = (f"{cookie.get('name')}={cookie.text}" for cookie in cookies.all("cookie"))
            yield Wanted(f"{one.storage_node}-httpcookie-secret0", value="; ".join(pairs).encode())


class Given(NamedTuple):
    """How a guest is given the values of secrets, by what QEMU knows them by.

    :ivar descriptors: of files that its process has open; :ivar values: what its monitor is told.
    :ivar key: the secret that values are encrypted with where they are only shown.
    """

    descriptors: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    values: Mapping[str, bytes] = MappingProxyType({})
    key: str = ""

    def properties(self, name: str) -> dict[str, str]:
        """The properties of a secret's object; of one that QEMU has already, or that is only shown, they say little."""
        descriptors = self.descriptors.get(name)
        if descriptors is not None:
            return {"format": "raw", "file": f"/proc/self/fd/{descriptors[0]}"}
        value = self.values.get(name)
        if value is not None and self.key:
            return _encrypted(len(value), self.key)
        if value is not None:
            return {"format": "base64", "data": base64.b64encode(value).decode()}
        return {"format": "raw", "file": name}


def _encrypted(size: int, key: str) -> dict[str, str]:
    """What an encrypted value looks like: of a command line that is only shown, nobody has the key."""
    whole = (size // BLOCK + 1) * BLOCK
    data, vector = (base64.b64encode(os.urandom(count)).decode() for count in (whole, BLOCK))
    return {"data": data, "keyid": key, "iv": vector, "format": "base64"}


def add_secrets(line: CommandLine, image: Image, given: Given) -> None:
    """Add the objects that an image's nodes name."""
    for one in wanted(image):
        line.object("secret", one.name, given.properties(one.name))
