"""Checkpoints: moments from which what changed on the disks is known."""

from __future__ import annotations

import re
from dataclasses import replace
from uuid import UUID

from virtloom.driver.constants.snapshot import DomainCheckpointCreateFlags as Create
from virtloom.driver.constants.snapshot import DomainCheckpointDeleteFlags as Delete
from virtloom.driver.constants.snapshot import DomainCheckpointListFlags as List
from virtloom.driver.constants.snapshot import DomainCheckpointXMLFlags as Xml
from virtloom.driver.domains.moments import Moment, Moments, already_exists, moment_node, parse_moment
from virtloom.driver.domains.moments.redefining import check_cycles
from virtloom.driver.flags import check_flags
from virtloom.driver.handles import DomainCheckpointHandle, DomainHandle
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.rules import DomainRules
from virtloom_test.domains.base import DomainsBase
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.text import domain_node

LIST_FLAGS = List.ROOTS | List.TOPOLOGICAL | List.LEAVES | List.NO_LEAVES

DISK_NAME = re.compile(r"(ioemu:)?(fd|hd|sd|vd|xvd|ubd)[a-zA-Z0-9_]+")


class Checkpoints(DomainsBase):
    """The calls for checkpoints."""

    def domain_list_all_checkpoints(self, dom: DomainHandle, flags: int) -> list[DomainCheckpointHandle]:
        """`virDomainListAllCheckpoints`"""
        check_flags(flags, LIST_FLAGS, "testDomainListAllCheckpoints")
        return self._listed_checkpoints(dom, None, flags)

    def domain_checkpoint_list_all_children(
        self, checkpoint: DomainCheckpointHandle, flags: int
    ) -> list[DomainCheckpointHandle]:
        """`virDomainCheckpointListAllChildren`"""
        check_flags(flags, LIST_FLAGS, "testDomainCheckpointListAllChildren")
        return self._listed_checkpoints(checkpoint.dom, checkpoint.name, flags)

    def _listed_checkpoints(self, dom: DomainHandle, start: str | None, flags: int) -> list[DomainCheckpointHandle]:
        with self._reading(dom) as state:
            moments, handle = state.checkpoints, state.handle
        if start is not None:
            _require(moments, start)
        leaves, others = bool(flags & List.LEAVES), bool(flags & List.NO_LEAVES)

        def fits(moment: Moment) -> bool:
            return leaves == others or moments.is_leaf(moment) == leaves

        return [DomainCheckpointHandle(m.name, handle) for m in moments.chosen(start, flags, List.ROOTS, fits)]

    def domain_checkpoint_lookup_by_name(self, dom: DomainHandle, name: str, flags: int) -> DomainCheckpointHandle:
        """`virDomainCheckpointLookupByName`"""
        check_flags(flags, 0, "testDomainCheckpointLookupByName")
        with self._reading(dom) as state:
            return DomainCheckpointHandle(_require(state.checkpoints, name).name, state.handle)

    def domain_checkpoint_get_parent(self, checkpoint: DomainCheckpointHandle, flags: int) -> DomainCheckpointHandle:
        """`virDomainCheckpointGetParent`"""
        check_flags(flags, 0, "testDomainCheckpointGetParent")
        with self._reading(checkpoint.dom) as state:
            parent = _require(state.checkpoints, checkpoint.name).parent
            if parent is None:
                detail = f"checkpoint '{checkpoint.name}' does not have a parent"
                raise VirtError(ErrorCode.NO_DOMAIN_CHECKPOINT, detail)
            return DomainCheckpointHandle(parent, state.handle)

    def domain_checkpoint_get_xml_desc(self, checkpoint: DomainCheckpointHandle, flags: int) -> str:
        """`virDomainCheckpointGetXMLDesc`"""
        check_flags(flags, Xml.SECURE | Xml.NO_DOMAIN | Xml.SIZE, "testDomainCheckpointGetXMLDesc")
        with self._reading(checkpoint.dom) as state:
            moment = _require(state.checkpoints, checkpoint.name)
        root = moment_node(moment, "domaincheckpoint")
        if moment.disks:
            root.add("disks").children = list(moment.disks)
        if moment.domain is not None and not flags & Xml.NO_DOMAIN:
            root.children.append(domain_node(moment.domain, secure=bool(flags & Xml.SECURE)))
        return document.write(root)

    def domain_checkpoint_create_xml(self, dom: DomainHandle, xml_desc: str, flags: int) -> DomainCheckpointHandle:
        """`virDomainCheckpointCreateXML`"""
        check_flags(flags, Create.REDEFINE | Create.QUIESCE, "testDomainCheckpointCreateXML")
        with self._changing(dom) as state:
            if len(state.snapshots):
                detail = "cannot create checkpoint while snapshot exists"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            if not state.active:
                detail = "cannot create checkpoint for inactive domain"
                raise VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail)
            root = document.parse(xml_desc, "domain_checkpoint", ErrorDomain.DOMAIN_CHECKPOINT)
            check_schema(root)
            moment = parse_moment(root, "domaincheckpoint", self.stage.clock.now())
            if flags & Create.REDEFINE:
                moment = _redefined(moment, root, self.rules, state)
            elif moment.name in state.checkpoints.by_name:
                raise already_exists(moment.name)
            else:
                moment = replace(moment, parent=state.checkpoints.current, domain=state.definition)
            known = state.checkpoints.current
            current = not flags & Create.REDEFINE or known is None or moment.parent == known
            moment = replace(moment, disks=aligned(moment.domain, root, moment.name))
            state.checkpoints = state.checkpoints.added(moment, current=current)
            return DomainCheckpointHandle(moment.name, state.handle)

    def domain_checkpoint_delete(self, checkpoint: DomainCheckpointHandle, flags: int) -> None:
        """`virDomainCheckpointDelete`"""
        known = Delete.CHILDREN | Delete.METADATA_ONLY | Delete.CHILDREN_ONLY
        check_flags(flags, known, "testDomainCheckpointDelete")
        with self._changing(checkpoint.dom) as state:
            _require(state.checkpoints, checkpoint.name)
            both = {"children": bool(flags & Delete.CHILDREN), "only_children": bool(flags & Delete.CHILDREN_ONLY)}
            state.checkpoints = state.checkpoints.without(checkpoint.name, **both)


def check_schema(root: Node) -> None:
    """What libvirt's schema refuses, which checkpoints are always held against: names that no disk can have.

    :raises VirtError: XML_INVALID_SCHEMA, in libxml2's words.
    """
    for disk in (root.find("disks") or Node("disks")).all("disk"):
        name = disk.get("name") or ""
        if not DISK_NAME.fullmatch(name) and not name.startswith("/"):
            detail = (
                "Unable to validate doc against /usr/share/libvirt/schemas/domaincheckpoint.rng\n"
                "Extra element disks in interleave\nElement domaincheckpoint failed to validate content"
            )
            raise VirtError(ErrorCode.XML_INVALID_SCHEMA, detail, ErrorDomain.XML)


def _redefined(moment: Moment, root: Node, rules: DomainRules, state: TestDomain) -> Moment:
    """A checkpoint as a document has it that was made of one before (`virDomainCheckpointRedefinePrep`)."""
    parent, created, inner = root.find("parent/name"), root.find("creationTime"), root.find("domain")
    if root.find("name") is None:
        detail = "a redefined checkpoint must have a name"
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.DOMAIN_CHECKPOINT)
    if created is None or not created.text.isdigit():
        detail = "missing creationTime from existing checkpoint"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN_CHECKPOINT)
    definition = rules.parse(document.write(inner)) if inner is not None else None
    name = parent.text if parent is not None else None
    moment = replace(moment, parent=name, created=int(created.text), domain=definition)
    check_cycles(moment, state.checkpoints)
    uuid = state.handle.uuid
    if definition is not None and definition.uuid != uuid:
        detail = f"definition for checkpoint {moment.name} must use uuid {UUID(bytes=uuid)}"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.DOMAIN_CHECKPOINT)
    return moment


def aligned(definition: Domain | None, root: Node, bitmap: str) -> tuple[Node, ...]:
    """One `<disk>` for each disk of the domain, with the bitmap that remembers its changes.

    :param definition: the domain's; None if it is not known any more, so that the named disks are all.
    :raises VirtError: CONFIG_UNSUPPORTED for a disk that there is not.
    """
    wanted = {e.get("name") or "": e for e in (root.find("disks") or Node("disks")).all("disk")}
    names = list(wanted) if definition is None else [disk.name for disk in definition.parts.disks]
    for name in wanted:
        if name not in names:
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, f"no disk named '{name}'", ErrorDomain.DOMAIN_CHECKPOINT)
    rows = []
    for name in names:
        kind = wanted[name].get("checkpoint") or "bitmap" if name in wanted else "no" if wanted else "bitmap"
        row = Node("disk", {"name": name, "checkpoint": kind})
        if kind == "bitmap":
            row.attrs["bitmap"] = (wanted[name].get("bitmap") if name in wanted else None) or bitmap
        rows.append(row)
    return tuple(rows)


def _require(moments: Moments, name: str) -> Moment:
    found = moments.by_name.get(name)
    if found is None:
        detail = f"no domain checkpoint with matching name '{name}'"
        raise VirtError(ErrorCode.NO_DOMAIN_CHECKPOINT, detail, ErrorDomain.DOMAIN_CHECKPOINT)
    return found
