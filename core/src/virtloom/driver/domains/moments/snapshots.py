"""Documents of snapshots: read as libvirt reads them, and written back (libvirt: `snapshot_conf.c`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from virtloom.driver.domains.moments.disks import parse_disks
from virtloom.driver.domains.moments.forest import Moment, moment_node, parse_moment
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.elements import root_of, text_of

STATES = ("running", "blocked", "paused", "shutdown", "shutoff", "crashed", "pmsuspended", "disk-snapshot")
OFFLINE = ("shutoff", "disk-snapshot")
MORE = ("inactiveDomain", "cookie")  # what is kept as it stands
LOCATIONS = ("no", "internal", "external", "manual")


def parse_snapshot(text: str, now: float, *, offline: bool = False) -> Moment:
    """A snapshot that is to be made of a domain; its domain, state and parent are the caller's to fill in.

    :param now: seconds since 1970, for the snapshot's time and for its name if the document gives none.
    :param offline: whether no memory can be kept, because the domain does not run or only disks are wanted.
    :raises VirtError: in libvirt's words.
    """
    root = _root(text)
    made = parse_moment(root, "domainsnapshot", now)
    return replace(made, memory=_memory(root, None, offline=offline), disks=parse_disks(root))


def parse_redefinition(text: str, parse_domain: Callable[[str], Domain]) -> Moment:
    """A snapshot as a document tells it that was made of one before.

    :param parse_domain: reads the document of the domain in it.
    :raises VirtError: in libvirt's words.
    """
    root = _root(text)
    if text_of(root, "name") is None:
        raise _error(ErrorCode.XML_ERROR, "a redefined snapshot must have a name")
    created = text_of(root, "creationTime") or ""
    if not created.strip().lstrip("-").isdecimal():
        raise _error(ErrorCode.INTERNAL_ERROR, "missing creationTime from existing snapshot")
    state = _state(root)
    inner = root.find("domain")
    offline = state in OFFLINE
    return replace(
        parse_moment(root, "domainsnapshot", 0),
        parent=text_of(root, "parent/name"),
        created=int(created),
        state=state,
        domain=None if inner is None or not inner.get("type") else parse_domain(document.write(inner)),
        memory=_memory(root, "no" if offline else "internal", offline=offline),
        disks=parse_disks(root),
        more=tuple(child for child in root.children if child.tag in MORE),
    )


def snapshot_node(moment: Moment, uuid: str, *, secure: bool = False) -> Node:
    """The document of a snapshot, as libvirt writes it.

    :param uuid: the domain's, for a snapshot so old that it lacks the domain.
    :param secure: whether passwords are shown.
    """
    root = moment_node(moment, "domainsnapshot")
    if moment.memory is not None:
        root.children.append(moment.memory)
    if moment.disks:
        root.add("disks").children = list(moment.disks)
    if moment.domain is None:
        root.add("domain").add("uuid", text=uuid)
    else:
        shown = moment.domain.replace(id=None)
        root.children.append((shown if secure else shown.without_secrets()).node())
    root.children.extend(moment.more)
    return root


def is_external(moment: Moment) -> bool:
    """Whether any part of a snapshot lies in a file of its own (`virDomainSnapshotDefIsExternal`)."""
    elements = [*moment.disks, *([moment.memory] if moment.memory is not None else [])]
    return any(element.get("snapshot") == "external" for element in elements)


def _root(text: str) -> Node:
    return root_of(text, "domain_snapshot", "domainsnapshot", ErrorDomain.DOMAIN_SNAPSHOT)


def _state(root: Node) -> str:
    state = text_of(root, "state")
    if state is None:
        raise _error(ErrorCode.XML_ERROR, "missing state from existing snapshot")
    if state not in STATES:
        raise _error(ErrorCode.CONFIG_UNSUPPORTED, f"Invalid state '{state}' in domain snapshot XML")
    return state


def _memory(root: Node, default: str | None, *, offline: bool) -> Node | None:
    """Where the memory is kept: None if the document leaves it open and there is no default."""
    node = root.find("memory") or Node("memory")
    file, location = node.get("file"), node.get("snapshot")
    if location is not None and location not in LOCATIONS:
        detail = f"Invalid value for attribute 'snapshot' in element 'memory': '{location}'."
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    location = location or ("external" if file else default)
    if problem := _memory_problem(location, file, offline=offline):
        raise _error(ErrorCode.XML_ERROR, problem)
    if location is None:
        return None
    return Node("memory", {"snapshot": location} | ({"file": file} if file else {}))


def _memory_problem(location: str | None, file: str | None, *, offline: bool) -> str | None:
    if location == "manual":
        return "'manual' memory snapshot mode not supported"
    if file and location != "external":
        return f"memory filename '{file}' requires external snapshot"
    if not file and location == "external":
        return "external memory snapshots require a filename"
    if offline and location not in (None, "no"):
        return "memory state cannot be saved with offline or disk-only snapshot"
    if file and not file.startswith("/"):
        return f"memory snapshot file path ({file}) must be absolute"
    return None


def _error(code: ErrorCode, detail: str) -> VirtError:
    return VirtError(code, detail, ErrorDomain.DOMAIN_SNAPSHOT)
