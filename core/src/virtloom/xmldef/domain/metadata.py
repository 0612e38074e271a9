"""What a domain says about itself: its title, its description, and the elements that others keep in it.

The semantics of `virDomainSetMetadata` and `virDomainGetMetadata`: an element is known by the URI of its namespace, is
kept with a prefix of the caller's choice and is given back without.
"""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain


def namespace(node: Node) -> str | None:
    """The namespace of an element that declares it itself."""
    prefix, colon, _ = node.tag.partition(":")
    return node.get(f"xmlns:{prefix}" if colon else "xmlns")


def element(domain: Domain, uri: str) -> str | None:
    """The element of a namespace, as text without its prefix; None if there is none."""
    for node in domain.metadata.children if domain.metadata is not None else ():
        if namespace(node) == uri:
            return document.write(_without_prefix(node, uri)).rstrip("\n")
    return None


def with_element(domain: Domain, uri: str, text: str | None, prefix: str | None = None) -> Domain:
    """A domain with the element of a namespace put in, replaced, or taken out.

    :param uri: the namespace.
    :param text: the element; None takes it out.
    :param prefix: what stands for the namespace in the definition.
    :raises VirtError: XML_DETAIL if the text is malformed.
    """
    nodes = domain.metadata.children if domain.metadata is not None else []
    kept = [node for node in nodes if namespace(node) != uri]
    if text is not None:
        kept.append(_with_prefix(document.parse(text, "metadata_xml", ErrorDomain.DOMAIN), prefix or "", uri))
    holder = Node("metadata")
    holder.children = kept
    return domain.replace(metadata=holder if kept or domain.metadata is not None else None)


def with_title(domain: Domain, title: str | None) -> Domain:
    """A domain with a title, or with none.

    :raises VirtError: INVALID_ARG for more than one line.
    """
    if title is not None and "\n" in title:
        raise VirtError(ErrorCode.INVALID_ARG, "metadata title can't contain newlines", ErrorDomain.DOMAIN)
    return domain.replace(title=title or None)


def with_description(domain: Domain, description: str | None) -> Domain:
    """A domain with a description, or with none."""
    return domain.replace(description=description or None)


def _with_prefix(node: Node, prefix: str, uri: str) -> Node:
    def renamed(old: Node) -> Node:
        tag = old.tag if ":" in old.tag or not prefix else f"{prefix}:{old.tag}"
        new = Node(tag, dict(old.attrs), old.text, old.line)
        new.children = [renamed(child) for child in old.children]
        return new

    made = renamed(node)
    others = {name: value for name, value in made.attrs.items() if name != "xmlns"}
    made.attrs = {f"xmlns:{prefix}" if prefix else "xmlns": uri, **others}
    return made


def _without_prefix(node: Node, uri: str) -> Node:
    prefix, colon, _ = node.tag.partition(":")

    def renamed(old: Node) -> Node:
        tag = old.tag.removeprefix(f"{prefix}:") if colon else old.tag
        attrs = {n: value for n, value in old.attrs.items() if not (n.startswith("xmlns") and value == uri)}
        new = Node(tag, attrs, old.text, old.line)
        new.children = [renamed(child) for child in old.children]
        return new

    return renamed(node)
