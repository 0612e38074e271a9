"""The plugin contract, whole: two hooks, called in the order in which they stand here.

A plugin is a module (or an object) that an entry point of the group `virtloom.drivers` names:

    [project.entry-points."virtloom.drivers"]
    parrot = "virtloom_parrot.plugin"

It declares a driver, and starts it when asked to:

    from virtloom.driver import API_VERSION, DriverDeclaration, DriverHost, DriverKind, HypervisorDriver, hookimpl
    from virtloom.locks import ObjectType

    CAGE = ObjectType("cage", key="uuid")

    class Parrot(HypervisorDriver):
        def __init__(self, host: DriverHost) -> None:
            self.cages = host.collection(CAGE)

        def connect_get_type(self) -> str:
            return "Parrot"

    @hookimpl
    def virtloom_declare() -> DriverDeclaration:
        return DriverDeclaration(
            "parrot", "1.0", API_VERSION, DriverKind.HYPERVISOR, schemes=("parrot",), object_types=(CAGE,)
        )

    @hookimpl
    def virtloom_start(host: DriverHost) -> Parrot:
        return Parrot(host)
"""

from __future__ import annotations

import pluggy

from virtloom.driver.base import Driver
from virtloom.driver.declaration import DriverDeclaration
from virtloom.driver.host import DriverHost

PROJECT = "virtloom"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec(firstresult=True)
def virtloom_declare() -> DriverDeclaration:  # type: ignore[empty-body]
    """First: say what the plugin is. Called before anything of it is started, so it must have no side effects."""


@hookspec(firstresult=True)
def virtloom_start(host: DriverHost) -> Driver:  # type: ignore[empty-body]
    """Second: make the driver. Called once, when the declaration was accepted and the configuration checked.

    :param host: all that the daemon gives to this plugin. A plugin keeps it; nothing else of the daemon is its own.
    :raises VirtError: the driver cannot run here; the daemon goes on without it and `virtloom drivers` says why.
    """
