"""How a definition is refused whose name or uuid another object has, in libvirt's words (`vir*ObjListAdd`)."""

from __future__ import annotations

from uuid import UUID

from virtloom.driver.collections import NameTaken
from virtloom.errors import ErrorCode, ErrorDomain, VirtError


def name_is_taken(kind: str, taken: NameTaken, domain: ErrorDomain) -> VirtError:
    """The error for a definition whose name another one has.

    :param kind: what such an object is called, such as "pool".
    """
    assert isinstance(taken.holder.key, bytes)
    detail = f"{kind} '{taken.name}' already exists with uuid {UUID(bytes=taken.holder.key)}"
    return VirtError(ErrorCode.OPERATION_FAILED, detail, domain)


def uuid_is_taken(kind: str, name: str, uuid: bytes, domain: ErrorDomain) -> VirtError:
    """The error for a definition whose uuid is that of one with another name.

    :param name: the other one's.
    """
    detail = f"{kind} '{name}' is already defined with uuid {UUID(bytes=uuid)}"
    return VirtError(ErrorCode.OPERATION_FAILED, detail, domain)
