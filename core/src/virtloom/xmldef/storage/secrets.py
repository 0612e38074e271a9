"""References to secrets: a pool's authentication and a volume's encryption.

Source: libvirt's `virStorageAuthDefParse`, `virStorageEncryptionParseNode` and `virSecretLookupParseSecret`.
"""

from __future__ import annotations

from uuid import UUID

from virtloom.errors import ErrorDomain
from virtloom.xmldef import values
from virtloom.xmldef.definition import Definition, attr, child, children
from virtloom.xmldef.document import Node
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.values import Words


class SecretReference(Definition, tag="secret"):
    """Which secret: by its uuid, or by what it is used for."""

    type: str | None = attr()
    uuid: str | None = attr()
    usage: str | None = attr()

    @classmethod
    def checked(cls, node: Node) -> SecretReference:
        """The reference that an element is.

        :raises VirtError: XML_ERROR unless it names one secret in one way.
        """
        made = cls.read(node)
        if made.uuid is None and made.usage is None:
            raise bad("missing secret uuid or usage attribute")
        if made.uuid is not None and made.usage is not None:
            raise bad("either secret uuid or usage expected")
        if made.uuid is None:
            return made
        try:
            return made.replace(uuid=str(UUID(made.uuid.strip())))
        except ValueError:
            raise bad(f"invalid secret uuid '{made.uuid}'") from None


class Auth(Definition, tag="auth"):
    """Who one is to a storage server."""

    type: str | None = attr()
    username: str | None = attr()
    secret: SecretReference | None = child(SecretReference)


AUTH_TYPES = ("none", "chap", "ceph")


def read_auth(node: Node) -> Auth:
    """A pool's authentication.

    :raises VirtError: XML_ERROR or CONFIG_UNSUPPORTED.
    """
    made = Auth.read(node)
    if made.username is None:
        raise bad("missing username for auth")
    if made.type is not None and made.type not in AUTH_TYPES:
        raise unsupported(f"unknown auth type '{made.type}'")
    found = node.find("secret")
    if found is None:
        raise bad("Missing <secret> element in auth")
    secret = SecretReference.checked(found)
    if made.type in (None, "none"):
        raise unsupported("storage pool missing auth type")
    return made.replace(secret=secret)


class Cipher(Definition, tag="cipher"):
    """How data is encrypted; the size in bits."""

    name: str | None = attr()
    size: int | None = attr(values.uint)
    mode: str | None = attr()
    hash: str | None = attr()


class Ivgen(Definition, tag="ivgen"):
    """How initialisation vectors are made."""

    name: str | None = attr()
    hash: str | None = attr()


class Encryption(Definition, tag="encryption"):
    """A volume's encryption."""

    format_: str | None = attr()
    engine: str | None = attr(Words("qemu", "librbd"))
    secrets: tuple[SecretReference, ...] = children(SecretReference, "secret")
    cipher: Cipher | None = child(Cipher)
    ivgen: Ivgen | None = child(Ivgen)


ENCRYPTION_FORMATS = ("default", "qcow", "luks", "luks2")


def read_encryption(node: Node) -> Encryption:
    """A volume's encryption.

    :raises VirtError: XML_ERROR or CONFIG_UNSUPPORTED.
    """
    made = Encryption.read(node)
    if made.format_ is None:
        raise bad("unknown volume encryption format")
    if made.format_ not in ENCRYPTION_FORMATS:
        raise unsupported(f"unknown volume encryption format type {made.format_}")
    secrets = tuple(_encryption_secret(found) for found in node.all("secret"))
    if made.format_ != "luks":
        return made.replace(secrets=secrets, cipher=None, ivgen=None)
    _check_luks(node, made)
    return made.replace(secrets=secrets)


def _encryption_secret(node: Node) -> SecretReference:
    type_ = node.get("type")
    if type_ is None:
        raise bad("unknown volume encryption secret type")
    if type_ != "passphrase":
        raise unsupported(f"unknown volume encryption secret type {type_}")
    return SecretReference.checked(node)


def _check_luks(node: Node, made: Encryption) -> None:
    if made.cipher is not None and made.cipher.name is None:
        raise bad("cipher info missing 'name' attribute")
    if made.cipher is not None and made.cipher.size is None:
        raise _missing("size", "cipher")
    if made.ivgen is not None and made.cipher is None:
        raise bad("ivgen element found, but cipher is missing")
    if made.ivgen is not None and made.ivgen.name is None:
        raise bad("missing ivgen info name string")


def _missing(attribute: str, element: str) -> Exception:
    error = bad(f"Missing required attribute '{attribute}' in element '{element}'")
    error.domain = ErrorDomain.XML
    return error
