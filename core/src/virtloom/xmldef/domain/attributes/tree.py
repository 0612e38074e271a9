"""Tables by path, made into a tree that a document is walked along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.attributes.kinds import Rule

# One step of a path: an element, and the values of one of its attributes that a rule is for.
STEP = re.compile(r"([\w-]+)(?:\[(\w+)=([^\]]*)\])?")

Table = Mapping[str, Iterable[Rule]]


class Element:
    """What is known of one kind of element: the rules of its attributes, and its children.

    :param attribute: values: the kind is only for elements whose attribute has one of these values; "" is for those
        without it.
    """

    def __init__(self, attribute: str = "", values: tuple[str, ...] = ()) -> None:
        self.rules: list[Rule] = []
        self._attribute = attribute
        self._values = values
        self._children: dict[str, list[Element]] = {}

    def extend(self, table: Table) -> None:
        """Add a table: by path, such as `graphics[type=vnc|spice]/listen`, the rules of attributes."""
        for path, rules in table.items():
            element = self
            for tag, attribute, values in STEP.findall(path):
                element = element._child(tag, attribute, tuple(values.split("|")) if attribute else ())
            element.rules.extend(rules)

    def repeat(self, path: str) -> None:
        """The element at a path may stand within itself."""
        *outer, last = path.split("/")
        holder = self
        for tag in outer:
            holder = holder._child(tag, "", ())
        inner = holder._child(last, "", ())
        inner._children[last] = holder._children[last]

    def check(self, node: Node) -> None:
        """Hold an element and all below it against the rules.

        :raises VirtError: for the first that does not keep them.
        """
        for rule in self.rules:
            rule.check(node)
        if self._children:
            for child in node.children:
                self.check_child(child)

    def check_child(self, child: Node) -> None:
        """Hold a child of this kind of element against the rules."""
        try:
            kinds = self._children[child.tag]
        except KeyError:
            return
        for kind in kinds:
            if not kind._attribute or (child.get(kind._attribute) or "") in kind._values:
                kind.check(child)

    def _child(self, tag: str, attribute: str, values: tuple[str, ...]) -> Element:
        known = self._children.setdefault(tag, [])
        for one in known:
            if (one._attribute, one._values) == (attribute, values):
                return one
        known.append(Element(attribute, values))
        return known[-1]
