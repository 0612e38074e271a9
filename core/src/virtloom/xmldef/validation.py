"""Documents held against libvirt's schemas, for clients that ask for it (`--validate`).

The schemas are those that libvirt installs (Debian: libvirt0), and lxml reads them (`pip install virtloom[validate]`).
Where either is missing, a document is taken as it is: what is wrong with it is then found by its reader, or not at all.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.elements import root_of

SCHEMAS = Path("/usr/share/libvirt/schemas")
_compiled = threading.local()  # each thread has its own, since one tells its errors to one caller at a time


@cache
def is_available() -> bool:
    """Whether this host can validate."""
    return SCHEMAS.is_dir() and find_spec("lxml") is not None


class Schema(NamedTuple):
    """What a kind of document is held against.

    :ivar name: the schema's; :ivar what: the document's name in messages; :ivar tag: its root.
    :ivar domain: of messages about malformed ones.
    """

    name: str
    what: str
    tag: str
    domain: ErrorDomain


DOMAIN = Schema("domain", "domain_definition", "domain", ErrorDomain.DOMAIN)
NETWORK = Schema("network", "network_definition", "network", ErrorDomain.NETWORK)
POOL = Schema("storagepool", "storage_pool_definition", "pool", ErrorDomain.STORAGE)
SECRET = Schema("secret", "definition_of_secret", "secret", ErrorDomain.SECRET)


def validate(text: str, schema: Schema) -> None:
    """Hold a document against a schema, if this host can.

    :raises VirtError: XML_INVALID_SCHEMA, with what is wrong; what else is raised for a document that is none.
    """
    root_of(text, schema.what, schema.tag, schema.domain)  # within our limits, which lxml does not know
    path = SCHEMAS / f"{schema.name}.rng"
    if not is_available() or not path.exists():
        return
    checked = _schema(path)
    if not checked.validate(_parsed(text)):
        reasons = "".join(f"{entry.message}\n" for entry in checked.error_log)
        detail = f"Unable to validate doc against {path}\n{reasons}"
        raise VirtError(ErrorCode.XML_INVALID_SCHEMA, detail, ErrorDomain.XML)


def _parsed(text: str) -> Any:
    from lxml import etree

    return etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True))


def _schema(path: Path) -> Any:
    from lxml import etree

    known: dict[str, Any] = _compiled.__dict__
    if path.name not in known:
        known[path.name] = etree.RelaxNG(etree.parse(str(path)))
    return known[path.name]
