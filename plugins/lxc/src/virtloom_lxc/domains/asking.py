"""What init is asked: to stop, to boot again, any signal (`virDomainShutdown`, `virDomainReboot`)."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from virtloom.driver.constants.domain import DomainRebootFlag as Reboot
from virtloom.driver.constants.domain import DomainShutdownFlag as Shutdown
from virtloom.driver.handles import DomainHandle
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom_lxc.container.initctl import Runlevel, set_runlevel
from virtloom_lxc.container.processes import Process, held
from virtloom_lxc.container.run import Run
from virtloom_lxc.domains.base import ContainersBase

SIGNALS = 65  # VIR_DOMAIN_PROCESS_SIGNAL_LAST


class Asking(ContainersBase):
    """The calls that leave the rest to init."""

    def domain_shutdown_flags(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainShutdownFlags`: through init's pipe where it has one, by SIGTERM otherwise."""
        self._check_flags(flags, Shutdown.INITCTL | Shutdown.SIGNAL, "DomainShutdownFlags")
        self._ask(dom, flags, Shutdown.INITCTL, Shutdown.SIGNAL, Runlevel.POWEROFF, signal.SIGTERM)

    def domain_reboot(self, dom: DomainHandle, flags: int) -> None:
        """`virDomainReboot`: through init's pipe where it has one, by SIGHUP otherwise."""
        self._check_flags(flags, Reboot.INITCTL | Reboot.SIGNAL, "DomainReboot")
        self._ask(dom, flags, Reboot.INITCTL, Reboot.SIGNAL, Runlevel.REBOOT, signal.SIGHUP)

    def _ask(self, dom: DomainHandle, flags: int, pipe: int, by_signal: int, level: Runlevel, number: int) -> None:
        with self._working(dom) as (found, run):
            with found.locked() as state:
                init = state.id
            wants_pipe = not flags or bool(flags & pipe)
            with _asked(init, run) as process:
                told = wants_pipe and set_runlevel(process, level)
                # As libvirt, which counts a container without a pipe as told, unless nothing else was asked for.
                if not told and (not flags or flags & by_signal):
                    process.send(number)

    def domain_send_process_signal(self, dom: DomainHandle, pid_value: int, signum: int, flags: int) -> None:
        """`virDomainSendProcessSignal`: to init alone, whose number is 1 inside."""
        self._check_flags(flags, 0, "DomainSendProcessSignal")
        if signum >= SIGNALS:
            raise VirtError(ErrorCode.INVALID_ARG, f"signum value {signum} is out of range")
        with self._working(dom) as (found, run):
            if pid_value != 1:
                raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, "Only the init process may be killed")
            with found.locked() as state:
                init = state.id
                state.asked_to_die = True
            with _asked(init, run) as process:
                process.send(signum)


@contextmanager
def _asked(init: int, run: Run) -> Iterator[Process]:
    """Init, to be asked something; one that is ending already does what was asked for."""
    try:
        with held(init, run.group) as process:
            yield process
    except ProcessLookupError:
        return
    except OSError as error:
        raise system_error(error, f"Unable to ask process {init}") from error
