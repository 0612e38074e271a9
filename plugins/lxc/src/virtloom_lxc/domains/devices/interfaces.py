"""How a network interface comes into a container that runs, changes there, and goes out of it."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from virtloom.driver.links.bandwidth import limit_guest
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.devices import Interface
from virtloom.xmldef.network.bandwidth import read_bandwidth
from virtloom_lxc.container.journal import Journal
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.ending import Ending
from virtloom_lxc.links import checking, host, making


class Interfaces(Ending):
    """What is done to interfaces; the definitions are the caller's. The job is held, and no lock."""

    def _plug_interface(self, run: Run, definition: Domain, one: Interface) -> Interface:
        if one.type not in checking.TYPES:
            raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, "Network device type is not supported")
        checking.check_interface(one, self._networks)
        taken = {name for other in definition.parts.interfaces if (name := _name_inside(other))}
        given = _name_inside(one)
        if given in taken:
            raise VirtError(ErrorCode.OPERATION_FAILED, f"the container has an interface '{given}' already")
        name = given or next(name for number in range(len(taken) + 1) if (name := f"eth{number}") not in taken)
        journal = Journal(run.places.folder / "journal")
        made = making.make(one, name, definition, self._networks, journal)
        try:
            host.move(made.inside.device, run.report.init)
            self._apply(run.report.init, [made.inside.whole()])
        except BaseException:
            with suppress(VirtError):
                self._remove(run, made.interface, made.inside.device)
            making.release(made.interface, self._networks)
            raise
        return made.interface

    def _unplug_interface(self, run: Run, one: Interface) -> None:
        self._remove(run, one)
        making.release(one, self._networks)

    def _remove(self, run: Run, one: Interface, *names: str) -> None:
        """Remove both ends of a pair, or the one that a direct interface has, inside or still on the host.

        :param names: which the end inside may have beside its own.
        """
        if not checking.is_direct(one):
            host.delete(_host_end(one))
            return
        self._apply(run.report.init, [{"name": name, "gone": True} for name in (_name_inside(one), *names)])
        host.delete_stray(_host_end(one), _host_end(one), checking.mac_of(one))

    def _replug_interface(self, run: Run, old: Interface, new: Interface) -> Interface:
        """Change what can be changed of an interface while a container runs: link state, limits, its bridge.

        :raises VirtError: OPERATION_UNSUPPORTED for anything else, then nothing was changed; what the kernel refuses.
        """
        source = new.source if old.type == "bridge" else old.source
        wanted = old.replace(link=new.link, bandwidth=new.bandwidth, source=source)
        if new.replace(target=old.target, guest=old.guest, alias=old.alias, source=source) != wanted:
            raise _unchangeable(old)
        checking.check_plugged(wanted, has_vlan=False, has_bandwidth=wanted.bandwidth is not None)
        with ExitStack() as undo:
            if wanted.bandwidth != old.bandwidth:
                undo.callback(_limit, old)
                _limit(wanted)
            if wanted.type == "bridge" and checking.source_of(wanted) != checking.source_of(old):
                undo.callback(_replug, old)
                _replug(wanted)
            if wanted.link != old.link:
                self._set_link(run, wanted)
            undo.pop_all()
        return wanted

    def _set_link(self, run: Run, one: Interface) -> None:
        """Plug an interface's cable in, or pull it: at the host's end, which the container cannot bring up itself.

        The container's end stays as it is, with its routes, unless it was never up or is all that there is.
        """
        up = one.link is None or one.link.get("state") != "down"
        if not checking.is_direct(one):
            host.set_up(_host_end(one), up)
        if up or checking.is_direct(one):
            self._apply(run.report.init, [{"name": _name_inside(one), "up": up}])


def _limit(one: Interface) -> None:
    limit_guest(_host_end(one), read_bandwidth(one.bandwidth))


def _replug(one: Interface) -> None:
    host.replug(_host_end(one), checking.source_of(one) or "")


def _name_inside(one: Interface) -> str | None:
    return one.guest.get("dev") if one.guest is not None else None


def _host_end(one: Interface) -> str:
    return (one.target.dev if one.target is not None else None) or ""


def _unchangeable(one: Interface) -> VirtError:
    detail = f"cannot modify interface {checking.mac_of(one)} while the container runs"
    hint = "its link state, its bandwidth and its bridge can change; for all else detach it and attach it anew"
    return VirtError(ErrorCode.OPERATION_UNSUPPORTED, detail, hint=hint)
