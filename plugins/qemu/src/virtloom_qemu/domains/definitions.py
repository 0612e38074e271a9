"""Definitions that are kept: made, changed, forgotten, renamed."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from virtloom.driver import NameTaken
from virtloom.driver.constants.domain import DomainUndefineFlags as Undefine
from virtloom.driver.constants.domain_event import DomainEventDefinedDetail as Defined
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_event import DomainEventUndefinedDetail as Undefined
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.locks import Guarded, JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.helpers.tpm import forget as forget_tpm
from virtloom_qemu.runs.state import QemuDomain

UNDEFINE_FLAGS = (
    Undefine.MANAGED_SAVE
    | Undefine.SNAPSHOTS_METADATA
    | Undefine.CHECKPOINTS_METADATA
    | Undefine.NVRAM
    | Undefine.KEEP_NVRAM
    | Undefine.TPM
    | Undefine.KEEP_TPM
)


def invalid(detail: str) -> VirtError:
    """An operation that the domain's state does not allow."""
    return VirtError(ErrorCode.OPERATION_INVALID, detail)


class Definitions(DomainsBase):
    """The calls for what is kept of a domain."""

    def domain_undefine_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainUndefineFlags`"""
        self._check_flags(flags, UNDEFINE_FLAGS, "DomainUndefineFlags")
        for word, remove, keep in (
            ("nvram", Undefine.NVRAM, Undefine.KEEP_NVRAM),
            ("TPM", Undefine.TPM, Undefine.KEEP_TPM),
        ):
            if flags & remove and flags & keep:
                raise invalid(f"cannot both keep and delete {word}")
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            doomed = self._doomed(found, flags)
            for path in doomed:
                _unlink(path)
            name = dom_name(found)
            self._forget_files(name)
            with found.locked() as state:
                self._lifecycle(state, Event.UNDEFINED, Undefined.REMOVED)
                state.persistent = state.autostart = state.managed_save = False
                gone = self._publish(found, state)
                definition = state.definition
            if gone:
                self._forget_moments(name)
                remove, keep = bool(flags & Undefine.TPM), bool(flags & Undefine.KEEP_TPM)
                forget_tpm(self.host.dirs.state, definition, remove=remove, keep=keep)
        if gone:
            self.domains.remove(found)

    def _doomed(self, found: Guarded[QemuDomain], flags: int) -> list[Path]:
        """The files that go with a definition, if the flags allow that they go."""
        with found.locked() as state:
            if not state.persistent:
                raise invalid("cannot undefine transient domain")
            count = len(state.snapshots)
            if not state.active and count and not flags & Undefine.SNAPSHOTS_METADATA:
                raise invalid(f"cannot delete inactive domain with {count} snapshots")
            definition = state.definition
        doomed = []
        image = self._save_path(definition.name)
        if image.exists():
            if not flags & Undefine.MANAGED_SAVE:
                raise invalid("Refusing to undefine while domain managed save image exists")
            doomed.append(image)
        nvram = nvram_path(definition, self.host.dirs.state)
        if nvram is not None and nvram.exists() and not flags & Undefine.KEEP_NVRAM:
            if not flags & Undefine.NVRAM:
                raise invalid("cannot undefine domain with nvram")
            doomed.append(nvram)
        return doomed

    def _save_path(self, name: str) -> Path:
        """Where a domain's managed save image is."""
        return self.host.dirs.state / "save" / f"{name}.save"

    # Renaming.

    def domain_rename(self, dom: DomainHandle, new_name: str, flags: int) -> None:
        """`virDomainRename`: nobody else can take either name until the files have moved."""
        self._check_flags(flags, 0, "DomainRename")
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                old = self._refuse_rename(state, new_name)
            try:
                with self.domains.renaming(found, new_name):
                    self._rename_files(old, new_name)
            except NameTaken:
                detail = f"domain with name '{new_name}' already exists"
                raise VirtError(ErrorCode.OPERATION_INVALID, detail, ErrorDomain.DOMAIN) from None
            with found.locked() as state:
                self._lifecycle(state, Event.UNDEFINED, Undefined.RENAMED)
                state.definition = old.replace(name=new_name)
                self._lifecycle(state, Event.DEFINED, Defined.RENAMED)
                found.publish(state.view())

    def _rename_files(self, old: Domain, new_name: str) -> None:
        """Move what is kept of a domain to another name: the new files first, then the old ones go."""
        marked = self.host.store().is_linked(old.name, self._autostarts)
        try:
            self.write_definition(old.replace(name=new_name))
            self._mark(new_name, marked)
            self._forget_files(old.name)
        except BaseException:
            with suppress(VirtError):
                self._mark(old.name, marked)
                self._forget_files(new_name)
            raise

    def _refuse_rename(self, state: QemuDomain, new_name: str) -> Domain:
        """What `qemuDomainRenameCallback` and `virDomainRename` refuse."""
        if state.active:
            raise invalid("cannot rename active domain")
        if not state.persistent:
            raise invalid("cannot rename a transient domain")
        if state.managed_save:
            raise invalid("domain with a managed saved state can't be renamed")
        if len(state.snapshots):
            raise invalid("cannot rename domain with snapshots")
        if state.definition.name == new_name:
            raise VirtError(ErrorCode.OPERATION_INVALID, "Can't rename domain to itself", ErrorDomain.DOMAIN)
        if "/" in new_name:
            raise VirtError(ErrorCode.XML_ERROR, f"name {new_name} cannot contain '/'")
        return state.definition


def dom_name(found: Guarded[QemuDomain]) -> str:
    """What a domain is called now."""
    with found.locked() as state:
        return state.definition.name


def nvram_path(definition: Domain, folder: Path) -> Path | None:
    """Where the variables of a domain's firmware are kept, if it has some (`qemuDomainNVRAMPathFormat`)."""
    os = definition.os
    if os is None:
        return None
    if os.nvram is not None and (os.nvram.text.strip() or os.nvram.find("source")):
        source = os.nvram.find("source")
        return Path(os.nvram.text.strip() or (source.get("file") if source else None) or "/nonexistent")
    return folder / "nvram" / f"{definition.name}_VARS.fd" if os.firmware == "efi" else None


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise system_error(error, f"failed to remove {path}") from error
