"""A seal on the files that the daemon writes: one that is unbroken holds what was completed and checked before.

    <!-- Written by virtloom 0.1.0 with qemu 0.1.0, which overwrites it: use virsh edit. Sealed: 5d41402a -->
    <domain type='kvm'>

Guarantees: a text that was changed by others, or written by another version, is not taken for one of ours.
It is no protection against who means harm: whoever may write the file may also write a seal.
"""

from __future__ import annotations

from zlib import crc32

_BEGIN = "<!-- Written by "
_END = " -->\n"


def sealed(text: str, writer: str) -> str:
    """A document with its seal before it.

    :param writer: who writes it, with version: another one does not know the seal.
    """
    return _seal(text, writer) + text


def unsealed(text: str, writer: str) -> str | None:
    """The document behind an unbroken seal; None if there is none, or if it is another writer's."""
    end = text.find(_END) + len(_END)
    document = text[end:]
    return document if text[:end] == _seal(document, writer) else None


def writer_of(text: str) -> tuple[str, str]:
    """Who wrote a text that bears a seal, and the document behind it.

    :raises ValueError: if it bears none.
    """
    seal, found, document = text.partition(_END)
    if not found or not bears_seal(text):
        raise ValueError("there is no seal")
    return seal.removeprefix(_BEGIN).partition(", which ")[0], document


def bears_seal(text: str) -> bool:
    """Whether a text has a seal, broken or whole, of any writer."""
    return text.startswith(_BEGIN)


def _seal(text: str, writer: str) -> str:
    check = crc32(text.encode("utf-8", "surrogatepass"))
    return f"{_BEGIN}{writer}, which overwrites it: use virsh edit. Sealed: {check:08x}{_END}"
