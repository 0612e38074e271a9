"""Titles, descriptions and the elements that others keep in a domain."""

from __future__ import annotations

from virtloom.driver.constants.domain import DomainMetadataType as Type
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.domains.base import Domains, S
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.domain import metadata as kept
from virtloom.xmldef.domain.definition import Domain

BOTH = Impact.LIVE | Impact.CONFIG


class DomainMetadata(Domains[S]):
    """The calls for what a definition says about itself."""

    def domain_get_metadata(self, dom: DomainHandle, type: int, uri: str | None, flags: int) -> str:
        """`virDomainGetMetadata`"""
        self._check_flags(flags, BOTH, "DomainGetMetadata")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        if type == Type.ELEMENT:
            text = kept.element(definition, uri or "")
        else:
            text = definition.title if type == Type.TITLE else definition.description
        if text is None:
            detail = "Requested metadata element is not present"
            raise VirtError(ErrorCode.NO_DOMAIN_METADATA, detail, ErrorDomain.DOMAIN)
        return text

    def domain_set_metadata(
        self, dom: DomainHandle, type: int, metadata: str | None, key: str | None, uri: str | None, flags: int
    ) -> None:
        """`virDomainSetMetadata`"""
        self._check_flags(flags, BOTH, "DomainSetMetadata")

        def changed(definition: Domain) -> Domain:
            if type == Type.ELEMENT:
                return kept.with_element(definition, uri or "", metadata, key)
            change = kept.with_title if type == Type.TITLE else kept.with_description
            return change(definition, metadata)

        with self._changing(dom) as state:
            chosen = state.impact(flags)
            if chosen & Impact.CONFIG:
                config = changed(state.config)
            if chosen & Impact.LIVE:
                state.definition = changed(state.definition)
            if chosen & Impact.CONFIG:
                state.set_config(config)
            self._emit(DomainEventID.METADATA_CHANGE, state.handle, (type, uri))
