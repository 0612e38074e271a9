"""Titles, descriptions and the elements that others keep in a domain."""

from __future__ import annotations

from virtloom.driver.constants.domain import DomainMetadataType as Type
from virtloom.driver.constants.domain import DomainModificationImpact as Impact
from virtloom.driver.constants.domain_event import DomainEventID
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_test.base import DomainsBase
from virtloom_test.flags import check_flags

BOTH = Impact.LIVE | Impact.CONFIG


class Metadata(DomainsBase):
    """The calls for what a definition says about itself."""

    def domain_get_metadata(self, dom: DomainHandle, type: int, uri: str | None, flags: int) -> str:
        """`virDomainGetMetadata`"""
        check_flags(flags, BOTH, "testDomainGetMetadata")
        with self._reading(dom) as state:
            definition = state.chosen(flags)
        if type == Type.ELEMENT:
            found = find_element(definition, uri or "")
            text = None if found is None else document.write(without_prefix(found, uri or "")).rstrip("\n")
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
        check_flags(flags, BOTH, "testDomainSetMetadata")
        element = None
        if type == Type.ELEMENT and metadata is not None:
            element = prefixed(document.parse(metadata, "metadata_xml"), key or "", uri or "")
        with self._changing(dom) as state:
            chosen = state.impact(flags)
            if chosen & Impact.LIVE:
                state.definition = with_metadata(state.definition, type, metadata, element, uri)
            if chosen & Impact.CONFIG:
                state.set_config(with_metadata(state.config, type, metadata, element, uri))
            self._emit(DomainEventID.METADATA_CHANGE, state.handle, (type, uri))


def namespace(node: Node) -> str | None:
    """The namespace of an element that declares it itself."""
    prefix, colon, _ = node.tag.partition(":")
    return node.get(f"xmlns:{prefix}" if colon else "xmlns")


def find_element(definition: Domain, uri: str) -> Node | None:
    """The element of a namespace among a definition's metadata."""
    nodes = [] if definition.metadata is None else definition.metadata.children
    return next((node for node in nodes if namespace(node) == uri), None)


def prefixed(node: Node, key: str, uri: str) -> Node:
    """The element with a prefix that stands for the namespace, on itself and on all in it that has none."""

    def renamed(old: Node) -> Node:
        new = Node(old.tag if ":" in old.tag else f"{key}:{old.tag}", dict(old.attrs), old.text, old.line)
        new.children = [renamed(child) for child in old.children]
        return new

    made = renamed(node)
    made.attrs = {f"xmlns:{key}": uri, **{k: v for k, v in made.attrs.items() if k != "xmlns"}}
    return made


def without_prefix(node: Node, uri: str) -> Node:
    """The element as it was given: without the prefix that stands for its namespace."""
    prefix = node.tag.partition(":")[0] if ":" in node.tag else ""

    def renamed(old: Node) -> Node:
        tag = old.tag.removeprefix(f"{prefix}:") if prefix else old.tag
        attrs = {k: v for k, v in old.attrs.items() if v != uri or not k.startswith("xmlns")}
        new = Node(tag, attrs, old.text, old.line)
        new.children = [renamed(child) for child in old.children]
        return new

    return renamed(node)


def with_metadata(definition: Domain, type: int, text: str | None, element: Node | None, uri: str | None) -> Domain:
    """A definition with a piece of metadata set, or removed where there is nothing to set."""
    if type == Type.TITLE:
        if text is not None and "\n" in text:
            detail = "metadata title can't contain newlines"
            raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN)
        return definition.replace(title=text or None)
    if type == Type.DESCRIPTION:
        return definition.replace(description=text or None)
    if type != Type.ELEMENT:
        raise VirtError(ErrorCode.INVALID_ARG, "unknown metadata type", ErrorDomain.DOMAIN)
    nodes = [] if definition.metadata is None else definition.metadata.children
    kept = [node for node in nodes if namespace(node) != uri]
    holder = Node("metadata")
    holder.children = kept if element is None else [*kept, element]
    return definition.replace(metadata=holder if holder.children else None)
