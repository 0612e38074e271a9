"""What is in images, and whether a domain has one for its next start."""

from __future__ import annotations

import os
from pathlib import Path

from virtloom.driver.constants.domain import DomainSaveImageXMLFlags
from virtloom.driver.handles import DomainHandle
from virtloom.locks import JobKind
from virtloom.xmldef.domain.formatting import format_domain
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.domains.saving.base import Save, SavingBase
from virtloom_qemu.saving import image


class SavedImages(SavingBase):
    """The calls about images."""

    def domain_save_image_get_xml_desc(self, file: str, flags: int) -> str:
        """`virDomainSaveImageGetXMLDesc`"""
        self._check_flags(flags, DomainSaveImageXMLFlags.XML_SECURE, "DomainSaveImageGetXMLDesc")
        return self._image_xml(Path(file), flags)

    def _image_xml(self, path: Path, flags: int) -> str:
        descriptor, saved = image.open_image(path)
        os.close(descriptor)
        definition = self.rules.parse(saved.definition).replace(id=None)
        return format_domain(definition, secure=bool(flags & DomainSaveImageXMLFlags.XML_SECURE), inactive=True)

    def domain_save_image_define_xml(self, file: str, dxml: str, flags: int) -> None:
        """`virDomainSaveImageDefineXML`"""
        self._check_flags(flags, Save.RUNNING | Save.PAUSED, "DomainSaveImageDefineXML")
        self._redefine_image(Path(file), dxml, flags)

    def _redefine_image(self, path: Path, dxml: str, flags: int) -> None:
        descriptor, saved = image.open_image(path)
        os.close(descriptor)
        changed = self._fitting(dxml, self.rules.parse(saved.definition))
        running = True if flags & Save.RUNNING else False if flags & Save.PAUSED else None
        image.rewrite(path, format_domain(changed, secure=True, inactive=True), running)

    def domain_has_managed_save_image(self, dom: DomainHandle, flags: int) -> bool:
        """`virDomainHasManagedSaveImage`"""
        self._check_flags(flags, 0, "DomainHasManagedSaveImage")
        return self._view(dom).managed_save

    def domain_managed_save_remove(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainManagedSaveRemove`"""
        self._check_flags(flags, 0, "DomainManagedSaveRemove")
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                name = state.definition.name
            self._unlink_save(self._save_path(name))
            with found.locked() as state:
                state.managed_save = False
                found.publish(state.view())

    def _managed_image(self, dom: DomainHandle) -> Path:
        view = self._view(dom)
        path = self._save_path(view.definition.name)
        if not path.exists():
            raise invalid("domain does not have managed save image")
        return path

    def domain_managed_save_get_xml_desc(self, dom: DomainHandle, flags: int) -> str:
        """`virDomainManagedSaveGetXMLDesc`"""
        self._check_flags(flags, DomainSaveImageXMLFlags.XML_SECURE, "DomainManagedSaveGetXMLDesc")
        return self._image_xml(self._managed_image(dom), flags)

    def domain_managed_save_define_xml(self, dom: DomainHandle, dxml: str | None, flags: int) -> None:
        """`virDomainManagedSaveDefineXML`"""
        self._check_flags(flags, Save.RUNNING | Save.PAUSED, "DomainManagedSaveDefineXML")
        self._redefine_image(self._managed_image(dom), dxml or "", flags)
