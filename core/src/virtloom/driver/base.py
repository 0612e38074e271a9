"""What every driver is: an object whose methods are libvirt's calls.

A driver implements the calls that it supports as methods named like the procedure in snake case
(`DOMAIN_CREATE_XML` is `domain_create_xml`), with the arguments in the wire's order. What it lacks is answered for it
with NO_SUPPORT. docs/writing-a-driver.md has the conventions; `virtloom drivers` lists what each driver supports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from virtloom.driver.events import EventSource
from virtloom.driver.handles import DomainHandle
from virtloom.driver.interception import CallInterceptor
from virtloom.driver.kinds import DriverKind
from virtloom.driver.settled import Settled
from virtloom.driver.uri import URI
from virtloom.errors import ErrorCode, ErrorDomain, VirtError

if TYPE_CHECKING:
    from virtloom.driver.images import ImageUse
    from virtloom.xmldef.network.port import NetworkPort


class Driver:
    """The base of all drivers; each kind below fixes `kind` and the error domain that its failures carry."""

    kind: DriverKind
    error_domain: ErrorDomain = ErrorDomain.NONE
    events: EventSource | None = None  # where its events come from, if it emits any
    tells_monitors: bool = False  # whether its events have what the monitors of its guests tell
    settled: Settled | None = None  # the answers of its settled methods, if it has any
    features: frozenset[int] = frozenset()  # of `virDrvFeature`, what a hypervisor supports beyond the daemon's own
    # How many typed parameters a method returns, by its name, where that does not depend on what is asked about: a
    # client that asks for the count alone is then answered without a call.
    param_counts: Mapping[str, int] = {}

    def stop(self) -> None:
        """Called once when the daemon stops, after the last call has ended. Guests keep running."""


class HypervisorDriver(Driver):
    """A driver that opens connections (libvirt: `virHypervisorDriver`)."""

    kind = DriverKind.HYPERVISOR
    error_domain = ErrorDomain.DOMAIN
    interceptor: CallInterceptor | None = None  # stands before every call of the connections that this serves
    # What an administrator may ask of the driver (`virtloom`, the administration socket): a name, and what takes the
    # arguments and returns what JSON can hold. Called with no lock held.
    administration: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {}

    def open(self, uri: URI) -> Mapping[DriverKind, Driver]:
        """The drivers that serve one new connection (`virConnectOpen`).

        The default serves with this driver itself, and the host adds the resource drivers of other plugins. A
        hypervisor that brings its own networks or storage returns drivers for those kinds as well.

        :param uri: its scheme is one that the driver declared.
        :raises VirtError: if the path or the query is not one that it knows.
        """
        if uri.path not in self.paths:
            raise VirtError(
                ErrorCode.INTERNAL_ERROR,
                f"unexpected {uri.scheme} URI path '{uri.path}', try {uri.scheme}://{self.paths[0]}",
                self.error_domain,
            )
        return {self.kind: self}

    paths: tuple[str, ...] = ("/system",)

    def close(self, drivers: Mapping[DriverKind, Driver]) -> None:
        """A connection that `open` answered with these drivers has ended."""


class NetworkDriver(Driver):
    """Virtual networks and their ports."""

    kind = DriverKind.NETWORK
    error_domain = ErrorDomain.NETWORK

    def allocate_port(
        self, network: str, owner: DomainHandle, mac: str, *, wanted: NetworkPort | None = None
    ) -> NetworkPort:
        """A port for a guest's `<interface type='network'>`: for other drivers, reached through the host.

        The result says what the interface is to be plugged into (`plug.type`): for `network` and `bridge` a bridge of
        the host, `plug.bridge`; for `direct` a link, `plug.dev`, by macvtap in `plug.mode`; for `hostdev-pci` a device
        of its own, `plug.address`. Its bandwidth, VLAN, isolation and virtual port are what interface, port group and
        network say together; the caller applies them to its interface. The network knows the port until
        `release_port`, also over a restart of the daemon. It may sleep: to be called with no lock held.

        :param network: the network's name.
        :param owner: the domain that the interface belongs to.
        :param mac: the interface's address.
        :param wanted: what the interface says of itself: its port group (`group`), `bandwidth`, `vlan`, `virtualport`,
            `isolated`, `trust_guest`; with a `uuid` and a `plug` it is a port that the guest has already, which is
            claimed again.
        :raises VirtError: NO_NETWORK, OPERATION_INVALID if the network does not run, and what it cannot give.
        """
        raise VirtError(ErrorCode.NO_SUPPORT, "the network driver has no ports", self.error_domain)

    def release_port(self, network: str, port: bytes) -> None:
        """Give a port back; one that is gone, or whose network is, is no error. It may sleep.

        :param port: its uuid.
        """
        raise VirtError(ErrorCode.NO_SUPPORT, "the network driver has no ports", self.error_domain)


class InterfaceDriver(Driver):
    """The host's network interfaces."""

    kind = DriverKind.INTERFACE
    error_domain = ErrorDomain.INTERFACE


class StorageDriver(Driver):
    """Storage pools and volumes."""

    kind = DriverKind.STORAGE
    error_domain = ErrorDomain.STORAGE

    def lease_images(self, owner: DomainHandle, uses: Iterable[ImageUse], *, running: bool = False) -> None:
        """Note which images a guest uses: for hypervisor drivers, reached through the host.

        What was noted for the guest before is replaced whole. While an image is noted, nobody deletes it, gives it
        another size, wipes it or uploads to it, and no other guest gets it, unless both only read it or share it. A
        storage driver that does not note such things lets everybody have everything. To be called with no lock held.

        :param owner: the guest in one of its runs: told by uuid and id. Its runs never exclude one another.
        :param running: whether the guest has the images already, so that nothing can be refused.
        :raises VirtError: RESOURCE_BUSY, naming who has an image; what was noted before stays then.
        """

    def release_images(self, owner: DomainHandle) -> None:
        """A guest's run is over. Idempotent.

        :param owner: see `lease_images`.
        """


class NodeDeviceDriver(Driver):
    """The host's devices."""

    kind = DriverKind.NODE_DEVICE
    error_domain = ErrorDomain.NODEDEV


class SecretDriver(Driver):
    """Secrets and their values."""

    kind = DriverKind.SECRET
    error_domain = ErrorDomain.SECRET

    def reveal(self, *, uuid: bytes | None = None, usage_type: int = 0, usage_id: str = "") -> bytes:
        """A secret's value, also a private one's: for other drivers, reached through the host, never for a client.

        :param uuid: the secret's; without it, the one for the usage is meant (`virSecretUsageType` and its name).
        :raises VirtError: NO_SECRET if there is none, or it has no value.
        """
        raise VirtError(ErrorCode.NO_SUPPORT, "the secret driver keeps no values", self.error_domain)


class NWFilterDriver(Driver):
    """Network filters and their bindings."""

    kind = DriverKind.NWFILTER
    error_domain = ErrorDomain.NWFILTER
