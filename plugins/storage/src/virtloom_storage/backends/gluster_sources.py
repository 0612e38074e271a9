"""The volumes that a GlusterFS server offers, by the XML of gluster(8)."""

from __future__ import annotations

from virtloom.xmldef import document
from virtloom.xmldef.document import Node
from virtloom.xmldef.elements import text_of
from virtloom_storage.context import Context
from virtloom_storage.programs import find


def gluster_volumes(context: Context, host: str) -> list[str]:
    """The names of a server's volumes; [] if there is no gluster(8) here or it fails."""
    if find("gluster") is None:
        return []
    argv = ["gluster", "--xml", "--log-file=/dev/null", "volume", "info", "all", f"--remote-host={host}"]
    finished = context.programs.attempt(argv, deadline=60)
    if finished.status != 0:
        return []
    root = document.parse(finished.stdout.decode(errors="replace"), "gluster_cli_output")
    return [name for node in _volumes(root) if (name := text_of(node, "name")) is not None]


def _volumes(node: Node) -> list[Node]:
    found = list(node.all("volume")) if node.tag == "volumes" else []
    for child in node.children:
        found += _volumes(child)
    return found
