"""Secrets: defined, given a value, shown to those who may see it (libvirt: `secret_driver.c`).

Locks: a secret is one object. Whoever writes its files holds a MODIFY job and no lock; the new definition and value are
put into the state afterwards, at once. What lists and look-ups need is published; a value never is.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from virtloom.driver import DriverHost, EventFamily, NameTaken, SecretDriver
from virtloom.driver.constants.connect import ConnectListAllSecretsFlags as Filter
from virtloom.driver.constants.secret import SecretDefineFlags, SecretEventID
from virtloom.driver.constants.secret import SecretEventLifecycle as Event
from virtloom.driver.flags import check_flags, selected
from virtloom.driver.handles import SecretHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone, ObjectType
from virtloom.xmldef import secret
from virtloom.xmldef.secret import USAGES, Secret
from virtloom.xmldef.validation import SECRET as SCHEMA
from virtloom.xmldef.validation import validate
from virtloom_secret.keeping import Keeping

SECRET = ObjectType("secret", key="uuid")
FILTERS = Filter.EPHEMERAL | Filter.NO_EPHEMERAL | Filter.PRIVATE | Filter.NO_PRIVATE


@dataclass
class State:
    """One secret (libvirt: `virSecretObj`); `value` is None until it is set."""

    definition: Secret
    value: bytes | None = None


class Secrets(SecretDriver):
    """All secrets of the host."""

    def __init__(self, host: DriverHost) -> None:
        self.events = self._events = host.events
        self._all = host.collection(SECRET)
        self._keeping = Keeping(host.dirs.definitions.parent / "secrets")
        for definition, value in self._keeping.load():
            found, _ = self._all.obtain(definition.uuid, _usage_key(definition), partial(State, definition, value))
            with found.locked():
                found.publish(definition)

    # Finding.

    def connect_list_all_secrets(self, flags: int) -> list[SecretHandle]:
        """`virConnectListAllSecrets`"""
        check_flags(flags, FILTERS, "secretConnectListAllSecrets")
        shown = [found.published for found in self._all if found.published is not None and not found.gone]
        return [
            handle(one)
            for one in shown
            if selected(
                flags,
                (Filter.EPHEMERAL, Filter.NO_EPHEMERAL, one.ephemeral),
                (Filter.PRIVATE, Filter.NO_PRIVATE, one.private),
            )
        ]

    def secret_lookup_by_uuid(self, uuid: bytes) -> SecretHandle:
        """`virSecretLookupByUUID`"""
        return handle(self._found(uuid).published)

    def secret_lookup_by_usage(self, usageType: int, usageID: str) -> SecretHandle:
        """`virSecretLookupByUsage`"""
        return handle(self._used_for(usageType, usageID).published)

    def _found(self, uuid: bytes) -> Guarded[State]:
        found = self._all.find(uuid)
        if found is None or found.published is None:
            raise _no_secret(f"no secret with matching uuid '{UUID(bytes=uuid)}'")
        return found

    def _used_for(self, usage_type: int, usage_id: str) -> Guarded[State]:
        found = self._all.find_name(f"{usage_type} {usage_id}") if usage_type else None
        if found is None or found.published is None:
            raise _no_secret(f"no secret with matching usage '{usage_id}'")
        return found

    def secret_get_xml_desc(self, secret: SecretHandle, flags: int) -> str:
        """`virSecretGetXMLDesc`"""
        check_flags(flags, 0, "secretGetXMLDesc")
        definition: Secret = self._found(secret.uuid).published
        return definition.format()

    # Changing.

    def secret_define_xml(self, xml: str, flags: int) -> SecretHandle:
        """`virSecretDefineXML`"""
        check_flags(flags, SecretDefineFlags.VALIDATE, "secretDefineXML")
        if flags & SecretDefineFlags.VALIDATE:
            validate(xml, SCHEMA)
        new = secret.parse(xml)
        while True:
            found = self._place(new)
            with suppress(ObjectGone), found.job(JobKind.MODIFY):
                return self._define(found, new)
            self._all.remove(found)  # it was undefined meanwhile: this one is a new one

    def _place(self, new: Secret) -> Guarded[State]:
        try:
            return self._all.obtain(new.uuid, _usage_key(new), lambda: State(new))[0]
        except NameTaken as taken:
            raise _usage_is_taken(taken, new) from None

    def _define(self, found: Guarded[State], new: Secret) -> SecretHandle:
        """Put a new definition on disk, then in the old one's place; if that fails, the old one is as it was."""
        try:
            with found.locked() as state:
                _check_change(state.definition, new)
                value = state.value
            with self._all.renaming(found, _usage_key(new)):
                self._keeping.save(new, value)
        except BaseException as error:
            if found.published is None:
                self._drop(found)  # it was made for calls of which none has come to its end
            if isinstance(error, NameTaken):
                raise _usage_is_taken(error, new) from None
            raise
        with found.locked() as state:
            state.definition = new
            found.publish(new)
            self._emit(SecretEventID.LIFECYCLE, new, Event.DEFINED, 0)
        return handle(new)

    def secret_set_value(self, secret: SecretHandle, value: bytes, flags: int) -> None:
        """`virSecretSetValue`"""
        check_flags(flags, 0, "secretSetValue")
        if not value:
            raise VirtError(ErrorCode.INVALID_ARG, "value in virSecretSetValue must not be NULL")
        found = self._found(secret.uuid)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                definition = state.definition
            self._keeping.save_value(definition, value)
            with found.locked() as state:
                state.value = value
                self._emit(SecretEventID.VALUE_CHANGED, definition)

    def secret_undefine(self, secret: SecretHandle) -> None:
        """`virSecretUndefine`"""
        found = self._found(secret.uuid)
        with found.job(JobKind.MODIFY):
            self._keeping.remove(found.published)
            with found.locked() as state:
                self._emit(SecretEventID.LIFECYCLE, state.definition, Event.UNDEFINED, 0)
            self._drop(found)

    def _drop(self, found: Guarded[State]) -> None:
        """It is no more; before the job on it ends, so that nobody defines it anew in between."""
        with found.locked():
            found.retire()
        self._all.remove(found)

    def _emit(self, number: int, definition: Secret, *payload: int) -> None:
        self._events.emit(EventFamily.SECRET, number, handle(definition), payload)

    # Values.

    def secret_get_value(self, secret: SecretHandle, flags: int) -> bytes:
        """`virSecretGetValue`; a private secret's value is for the daemon's own drivers only (`reveal`)."""
        check_flags(flags, 0, "secretGetValue")
        found = self._found(secret.uuid)
        if found.published.private:
            raise VirtError(ErrorCode.INVALID_SECRET, "secret is private")
        return _value(found)

    def reveal(self, *, uuid: bytes | None = None, usage_type: int = 0, usage_id: str = "") -> bytes:
        """See `SecretDriver.reveal`."""
        return _value(self._found(uuid) if uuid is not None else self._used_for(usage_type, usage_id))


def handle(definition: Secret) -> SecretHandle:
    """How clients name a secret."""
    return SecretHandle(definition.uuid, definition.usage_type, definition.usage_id)


def _value(found: Guarded[State]) -> bytes:
    with found.locked() as state:
        value: bytes | None = state.value
        uuid = UUID(bytes=state.definition.uuid)
    if value is None:
        raise _no_secret(f"secret '{uuid}' does not have a value")
    return value


def _no_secret(detail: str) -> VirtError:
    """The error is this driver's, whoever asks."""
    return VirtError(ErrorCode.NO_SECRET, detail, ErrorDomain.SECRET)


def _usage_key(definition: Secret) -> str:
    """A usage belongs to one secret, so it is the collection's second key; without one its uuid is."""
    if USAGES[definition.usage].element is None:
        return str(UUID(bytes=definition.uuid))
    return f"{definition.usage_type} {definition.usage_id}"


def _usage_is_taken(taken: NameTaken, new: Secret) -> VirtError:
    holder = UUID(bytes=taken.holder.key)  # type: ignore[arg-type]
    detail = f"a secret with UUID {holder} already defined for use with {new.usage_id}"
    return VirtError(ErrorCode.INTERNAL_ERROR, detail)


def _check_change(old: Secret, new: Secret) -> None:
    """Refuse what a new definition of a known secret may not change (`virSecretObjListAdd`)."""
    if old.usage_id != new.usage_id:
        detail = f"a secret with UUID {UUID(bytes=new.uuid)} is already defined for use with {old.usage_id or '(null)'}"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail)
    if old.private and not new.private:
        raise VirtError(ErrorCode.INTERNAL_ERROR, "cannot change private flag on existing secret")
