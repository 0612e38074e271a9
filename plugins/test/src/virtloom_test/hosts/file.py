"""Hosts from descriptions: the built-in one of `test:///default`, or a file's (`test:///PATH`)."""

from __future__ import annotations

import re
from pathlib import Path

from virtloom.driver.constants.domain_state import DomainState
from virtloom.driver.domains.moments import Moment, Moments
from virtloom.driver.domains.moments.snapshots import parse_redefinition
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef import document
from virtloom.xmldef.document import Limits
from virtloom.xmldef.document import Node as Element
from virtloom.xmldef.domain.rules import read
from virtloom_test.domains.driver import PlayedDomains, RecordedDomains, TestDomains
from virtloom_test.hosts.defaults import DEFAULT_DOMAIN, DEFAULT_RESOURCES
from virtloom_test.hosts.host import TestHost
from virtloom_test.hosts.node import DEFAULT_NODE, Node
from virtloom_test.hosts.recorded import read_record
from virtloom_test.stage import Stage

LIMITS = Limits(size=64 << 20, nodes=2_000_000)  # of a host's description: as many guests as libvirt's can have
OWN_PATHS = re.compile(r"/host/\d+")
BESIDES = ("domain", "cpu", "memory", "auth")  # of a node's description, what is not a resource

# The field of a host that each element of `<cpu>` sets.
CPU_FIELDS = {
    "nodes": "nodes",
    "sockets": "sockets",
    "cores": "cores",
    "threads": "threads",
    "active": "cpus",
    "mhz": "mhz",
}


def default_host(stage: Stage, uri: str = "test:///default") -> TestHost:
    """The host of `test:///default`, and of every URI that names no file."""
    root = document.parse(f"<node>{DEFAULT_DOMAIN}{DEFAULT_RESOURCES}</node>", "node")
    return _made(stage, uri, DEFAULT_NODE, root, None)


def host_from_file(stage: Stage, uri: str) -> TestHost:
    """The host that the file of a URI's path describes.

    :raises VirtError: if the file cannot be read or describes none.
    """
    path = uri.removeprefix("test://")
    try:
        text = Path(path).read_text()
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError):
            raise system_error(error, f"failed to open file '{path}'") from error
        raise VirtError(ErrorCode.XML_ERROR, f"'{path}' is not a text") from error
    return described_host(stage, uri, text, Path(path).parent)


def described_host(stage: Stage, uri: str, text: str, folder: Path, node: Node | None = None) -> TestHost:
    """The host that a text describes.

    :param folder: where the files are that it names.
    :param node: the host's hardware, if the text does not tell of it.
    :raises VirtError: if it describes none.
    """
    root = document.parse(text, uri, limits=LIMITS)
    if root.tag != "node":
        raise VirtError(ErrorCode.XML_ERROR, "Root element is not 'node'")
    _check_users(root)
    return _made(stage, uri, node or _node(root), root, folder)


def _check_users(root: Element) -> None:
    """A host with users lets in who says who he is, which nobody can over a unix socket without authentication.

    :raises VirtError: INVALID_ARG.
    """
    if root.find("auth/user") is not None:
        raise VirtError(ErrorCode.INVALID_ARG, "Missing authentication credentials", ErrorDomain.TEST)


def _node(root: Element) -> Node:
    """The host's processors and memory, as far as the file tells them."""
    fields: dict[str, int | str] = {}
    cpu = root.find("cpu")
    for name, field in CPU_FIELDS.items():
        element = None if cpu is None else cpu.find(name)
        if element is not None:
            fields[field] = _number(element, f"node cpu {'active cpu' if name == 'active' else name}")
    model = None if cpu is None else cpu.find("model")
    if model is not None:
        fields["model"] = model.text
    memory = root.find("memory")
    if memory is not None:
        fields["memory"] = _number(memory, "node memory")
    return Node(**{"cells": (), **fields})  # type: ignore[arg-type]


def _number(element: Element, what: str) -> int:
    if not element.text.strip().isdigit():
        raise VirtError(ErrorCode.XML_ERROR, f"invalid {what} value")
    return int(element.text)


def _made(stage: Stage, uri: str, node: Node, root: Element, folder: Path | None) -> TestHost:
    made = TestHost(stage, uri, node, PlayedDomains if _has_extras(stage, uri) else TestDomains)
    return _filled(made, root, folder)


def _filled(made: TestHost, root: Element, folder: Path | None) -> TestHost:
    """A host with what its description has."""
    domains = [*root.all("domain")][::-1]
    root.drop("domain")
    while domains:  # each is forgotten once it is read: what is left of it is a third
        _add_domain(made, _whole(domains.pop(), folder))
    made.add_resources(_whole(child, folder) for child in root.children if child.tag not in BESIDES)
    return made


def recorded_host(stage: Stage, uri: str, file: Path) -> TestHost:
    """A host that says of itself what a recorded one said, with a guest, a network and a pool as every host has them.

    :raises VirtError: if the file cannot be read or is no record.
    """
    record = read_record(file)
    root = document.parse(f"<node>{DEFAULT_DOMAIN}{DEFAULT_RESOURCES}</node>", "node")
    if record.devices:
        root.children = [child for child in root.children if child.tag != "device"]
        root.children += [document.parse(text, "node_device_definition") for text in record.devices]
    made = TestHost(stage, uri, DEFAULT_NODE, RecordedDomains)
    assert isinstance(made.domains, RecordedDomains)
    made.domains.record = record
    return _filled(made, root, None)


def _has_extras(stage: Stage, uri: str) -> bool:
    """Whether a host has what libvirt's lack: where it is asked for, and on those that libvirt has not."""
    return stage.options.extras or bool(OWN_PATHS.fullmatch(uri.removeprefix("test://")))


def _add_domain(made: TestHost, element: Element) -> None:
    """Put in a domain: running, unless its description says otherwise in the test driver's namespace."""
    said = {child.tag.rpartition(":")[2]: child for child in element.children if ":" in child.tag}
    if element.tag != "domain":
        detail = f"expecting root element of 'domain', not '{element.tag}'"  # of the file that it names
        raise VirtError(ErrorCode.XML_ERROR, detail, ErrorDomain.XML)
    definition = made.domains.rules.complete(read(element))
    state = _number(said["runstate"], "domain runstate") if "runstate" in said else DomainState.RUNNING
    snapshots = _snapshots(made, element)
    made.domains.put(
        definition, state, kept="transient" not in said, saved="hasmanagedsave" in said, snapshots=snapshots
    )


def _snapshots(made: TestHost, element: Element) -> Moments:
    """The snapshots that a domain's description has, one of which may be the current one."""
    by_name: dict[str, Moment] = {}
    current = None
    for child in element.children:
        if child.tag.rpartition(":")[2] != "domainsnapshot" or ":" not in child.tag:
            continue
        active = child.find("active")
        if active is None:
            raise _of_snapshots("Could not find 'active' element")
        plain = Element("domainsnapshot")
        plain.children = [one for one in child.children if one is not active]
        moment = parse_redefinition(document.write(plain), made.domains.rules.parse)
        is_current = active.text.strip() not in ("", "0")
        if is_current and current is not None:
            raise _of_snapshots("more than one snapshot claims to be active")
        current = moment.name if is_current else current
        by_name[moment.name] = moment
    return Moments(by_name, current)


def _of_snapshots(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.DOMAIN_SNAPSHOT)


def _whole(element: Element, folder: Path | None) -> Element:
    """The element, or the root of the file that it names, beside the node's own file."""
    name = element.get("file")
    if name is None:
        return element
    path = Path(name) if folder is None else folder / name
    try:
        return document.parse(path.read_text(), str(path))
    except OSError as error:
        raise system_error(error, f"failed to open file '{path}'") from error
