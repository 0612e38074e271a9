"""What a read-only client may call, from the protocol's access annotations.

libvirt forbids in its public functions what a polkit rule would have to allow: every call whose annotations ask for
more than looking. A few calls are told otherwise there; they stand in the two tables below.
"""

from __future__ import annotations

from functools import cache

from virtloom.errors import ErrorCode, VirtError
from virtloom.wire.programs import Acl, Procedure

LOOKING = frozenset({"getattr", "read"})

# Annotated as looking, yet forbidden: they change something, run a tool, or tell a secret of the host.
FORBIDDEN = frozenset(
    {
        "connect_find_storage_pool_sources",
        "domain_set_scheduler_parameters",
        "node_device_get_autostart",
        "node_get_sev_info",
    }
)

# Annotated as changing, yet allowed: libvirt lets a read-only client ask for them.
ALLOWED = frozenset(
    {
        "connect_set_identity",
        "domain_get_guest_info",
        "domain_migrate_get_compression_cache",
        "domain_migrate_get_max_downtime",
    }
)


@cache
def forbidden(procedure: Procedure) -> bool:
    """Whether a read-only client may never call the procedure."""
    if procedure.snake in FORBIDDEN:
        return True
    if procedure.snake in ALLOWED:
        return False
    return any(_changes(rule) for rule in procedure.acl if not rule.conditional)


@cache
def conditional(procedure: Procedure) -> tuple[Acl, ...]:
    """The annotations that forbid the call only with certain flags or arguments."""
    if procedure.snake in ALLOWED:
        return ()
    return tuple(rule for rule in procedure.acl if rule.conditional and _changes(rule))


def _changes(rule: Acl) -> bool:
    permission = rule.permission
    return permission is not None and permission not in LOOKING and not permission.startswith("search")


def check_readonly(procedure: Procedure, args: tuple[object, ...]) -> None:
    """Refuse what a read-only client may not do.

    :raises VirtError: OPERATION_DENIED, in the words of `virCheckReadOnlyGoto`.
    """
    if forbidden(procedure):
        raise VirtError(ErrorCode.OPERATION_DENIED, f"read only access prevents {procedure.api}")
    for rule in conditional(procedure):
        if rule.applies(procedure, args):
            with_what = "secure flag" if rule.permission == "read_secure" else "these flags"
            raise VirtError(ErrorCode.OPERATION_DENIED, f"{procedure.api} with {with_what}")
