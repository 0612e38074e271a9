"""A host as a description, the form that `test:///PATH` reads: its domains, networks and pools as they are now."""

from __future__ import annotations

from collections.abc import Iterator

from virtloom.driver.domains.base import uuid_text
from virtloom.driver.domains.moments import Moment
from virtloom.driver.domains.moments.snapshots import snapshot_node
from virtloom.locks import ObjectGone
from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom_test.domains.state import TestDomain
from virtloom_test.domains.text import domain_node
from virtloom_test.hosts.host import INACTIVE, TestHost
from virtloom_test.resources.objects import Resource

NAMESPACE = "http://libvirt.org/schemas/domain/test/1.0"


def description(host: TestHost) -> str:
    """The description of a host; transient networks and pools that do not run are none any more."""
    root = Node("node", {"xmlns:test": NAMESPACE})
    root.children += _domains(host)
    root.children += (_resource(view, view.definition.node()) for view in host.networks.views())
    root.children += (_resource(view, view.definition) for view in host.interfaces.views())
    root.children += (_resource(view, _with_volumes(view)) for view in host.storage.views())
    root.children += (view.definition for view in host.devices.views())
    return document.write(root)


def _domains(host: TestHost) -> Iterator[Node]:
    for domain in host.domains.domains:
        try:
            with domain.locked() as state:
                now = TestDomain(**{name: getattr(state, name) for name in ("definition", "next", "id", "state")})
                now.persistent, now.managed_save, now.snapshots = state.persistent, state.managed_save, state.snapshots
        except ObjectGone:
            continue
        yield _domain(now)


def _domain(state: TestDomain) -> Node:
    node = domain_node(state.config, secure=True)
    node.attrs.setdefault("xmlns:test", NAMESPACE)
    node.add("test:runstate", text=str(int(state.state)))
    if not state.persistent:
        node.add("test:transient")
    if state.managed_save:
        node.add("test:hasmanagedsave")
    node.children += (_snapshot(one, state) for one in state.snapshots)
    return node


def _snapshot(moment: Moment, state: TestDomain) -> Node:
    written = snapshot_node(moment, uuid_text(state.definition.uuid), secure=True)
    node = Node("test:domainsnapshot")
    node.children = [*written.children, Node("active", {}, str(int(moment.name == state.snapshots.current)))]
    return node


def _resource(view: Resource, definition: Node) -> Node:
    if view.active:
        return definition
    return _copy(definition, {**definition.attrs, INACTIVE: "yes"})


def _with_volumes(view: Resource) -> Node:
    pool, content = view.more
    node = _copy(pool.node(), pool.node().attrs)
    node.children = [*node.children, *(volume.node() for volume in content.values())]
    return node


def _copy(node: Node, attrs: dict[str, str]) -> Node:
    made = Node(node.tag, dict(attrs), node.text)
    made.children = list(node.children)
    return made
