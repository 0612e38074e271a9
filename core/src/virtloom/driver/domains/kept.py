"""Domains that are kept: their definitions on disk, and whether they start with the daemon.

Guarantees: what a call has confirmed is on disk; a call that could not write changes nothing. Files are written with a
job held and no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from virtloom import __version__
from virtloom.driver.collections import NameTaken
from virtloom.driver.constants.domain import DomainDefineFlags
from virtloom.driver.constants.domain_event import DomainEventDefinedDetail as Defined
from virtloom.driver.constants.domain_event import DomainEventType as Event
from virtloom.driver.constants.domain_event import DomainEventUndefinedDetail as Undefined
from virtloom.driver.domains.base import Domains, S, refuse_other
from virtloom.driver.files.seal import bears_seal, sealed, unsealed
from virtloom.driver.handles import DomainHandle
from virtloom.driver.resources.refusals import name_is_taken
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.locks import Guarded, JobKind, ObjectGone
from virtloom.xmldef.domain.definition import Domain
from virtloom.xmldef.domain.formatting import kept_document
from virtloom.xmldef.domain.rules import DomainRules
from virtloom.xmldef.domain.unread import unread
from virtloom.xmldef.validation import DOMAIN, validate


class KeptDomains(Domains[S]):
    """The calls that define and undefine domains; a driver names its `rules` before it mixes them in."""

    rules: DomainRules
    cannot = "cannot"  # how its refusals begin: libvirt's drivers write it in two ways

    @contextmanager
    def _changing(self, dom: DomainHandle) -> Iterator[S]:
        """The state of a domain, to change; what is shown of it follows, and what is kept of it on disk.

        :raises VirtError: SYSTEM_ERROR if its definition could not be written; it is then as it was.
        """
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                before = state.definition, state.next, state.config
                yield state
                kept = state.config if state.persistent and state.config is not before[2] else None
                found.publish(state.view())
            if kept is not None:
                self._rewrite(found, kept, before)

    def _rewrite(self, found: Guarded[S], kept: Domain, before: tuple[Domain, Domain | None, Domain]) -> None:
        try:
            self.write_definition(kept)
        except VirtError:
            with found.locked() as state:
                state.definition, state.next = before[:2]
                found.publish(state.view())
            raise

    # Reading what was kept.

    def load_definitions(self) -> None:
        """Make a domain of every definition on disk; a domain that runs already learns of its next start alone."""
        store, links = self.host.store(), self.host.store("autostart")
        marked = {name for name in links.names() if store.is_linked(name, links.folder)}
        stale = []
        for name, (definition, is_stale) in store.load(self._loaded):
            try:
                if name != definition.name:
                    raise VirtError(ErrorCode.INTERNAL_ERROR, f"its domain is named '{definition.name}'")
                handle = self._keep_loaded(definition, autostart=name in marked)
            except VirtError as error:
                self.host.log.error("the definition %s.xml is ignored: %s", name, error)
            else:
                stale += [handle] * is_stale
        if stale:
            self.host.background(partial(self._write_again, stale))

    def _loaded(self, text: str) -> tuple[Domain, bool]:
        """A domain of a file, and whether that is to be written again.

        One that we wrote is as it was when it was checked, and is read when somebody looks at it; any other is read,
        filled in and checked now. It then gets our seal if it had one: what has none belongs to somebody else.
        """
        written = unsealed(text, self._writer)
        definition = None if written is None else unread(written)
        if definition is not None:
            return definition, False
        return self.rules.load(text), written is None and bears_seal(text)

    def _keep_loaded(self, definition: Domain, *, autostart: bool) -> DomainHandle:
        def assign(state: S) -> None:
            state.set_config(definition)
            state.persistent = True
            state.autostart = autostart

        return self._obtain(definition, assign)

    def _write_again(self, doms: Sequence[DomainHandle]) -> None:
        """Write definitions of another version in ours, so that they are read faster at the next start."""
        for dom in doms:
            with suppress(VirtError, ObjectGone):
                found = self._find(dom)
                with found.job(JobKind.MODIFY):
                    with found.locked() as state:
                        kept = state.config if state.persistent else None
                    if kept is not None:
                        self.write_definition(kept)

    def start_with_daemon(self, begin: Callable[[DomainHandle], object]) -> None:
        """Start the domains that are marked for it and do not run, in the background; once after the host's own start.

        :param begin: starts one of them; what it raises is logged.
        """
        if not self.host.first_start_of_boot():
            return
        views = [found.published for found in self.domains]
        for handle in [view.handle for view in views if view is not None and view.autostart and not view.active]:
            self.host.background(partial(self._start_marked, begin, handle))

    def _start_marked(self, begin: Callable[[DomainHandle], object], dom: DomainHandle) -> None:
        try:
            begin(dom)
        except VirtError as error:
            self.host.log.error("Failed to autostart VM '%s': %s", dom.name, error)

    # Defining.

    def domain_define_xml_flags(self, xml: str, flags: int) -> DomainHandle:
        """`virDomainDefineXMLFlags`"""
        self._check_flags(flags, DomainDefineFlags.VALIDATE, "DomainDefineXMLFlags")
        if flags & DomainDefineFlags.VALIDATE:
            validate(xml, DOMAIN)
        return self.define(self.rules.parse(xml).replace(id=None))

    def define(self, definition: Domain) -> DomainHandle:
        """Keep a definition, of a new domain or of one that there is.

        :raises VirtError: OPERATION_FAILED if its name or uuid is another domain's, SYSTEM_ERROR if it cannot be kept.
        """
        while True:
            found = self._place(definition)
            try:
                with found.job(JobKind.MODIFY):
                    return self._define(found, definition)
            except ObjectGone:
                self.domains.remove(found)  # it went between the look-up and the job: make it anew

    def _place(self, definition: Domain) -> Guarded[S]:
        assert definition.uuid is not None
        try:
            return self.domains.obtain(definition.uuid, definition.name, lambda: self._make(definition))[0]
        except NameTaken as taken:
            raise name_is_taken("domain", taken, ErrorDomain.DOMAIN) from None

    def _define(self, found: Guarded[S], definition: Domain) -> DomainHandle:
        try:
            with found.locked() as state:
                refuse_other(state, definition, inactive=False)
            self.write_definition(definition)
        except BaseException:
            self._forget_unused(found)
            raise
        with found.locked() as state:
            detail = Defined.UPDATED if state.persistent else Defined.ADDED
            state.set_config(definition)
            state.persistent = True
            found.publish(state.view())
            self._lifecycle(state, Event.DEFINED, detail)
            return state.handle

    def _forget_unused(self, found: Guarded[S]) -> None:
        """Take a domain out again that was made for a call which failed."""
        with found.locked() as state:
            gone = not state.persistent and not state.active
            if gone:
                found.retire()
        if gone:
            self.domains.remove(found)

    def write_definition(self, definition: Domain) -> None:
        """Put a definition on disk, secrets included; with no lock held.

        :raises VirtError: SYSTEM_ERROR; the old one is then still there.
        """
        self.host.store().write(definition.name, sealed(kept_document(definition), self._writer))

    @property
    def _writer(self) -> str:
        """Who seals: what one version fills in and checks is not what another does."""
        return f"virtloom {__version__} with {self.host.name} {self.host.version}"

    # Undefining.

    def undefine(self, dom: DomainHandle) -> None:
        """Forget a definition; a domain that runs goes on until it ends.

        :raises VirtError: OPERATION_INVALID for a domain that is not kept.
        """
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                if not state.persistent:
                    detail = "Cannot undefine transient domain"
                    raise VirtError(ErrorCode.OPERATION_INVALID, detail, self.error_domain)
                name = state.definition.name
            self._forget_files(name)
            with found.locked() as state:
                self._lifecycle(state, Event.UNDEFINED, Undefined.REMOVED)
                state.persistent = state.autostart = False
                gone = self._publish(found, state)
        if gone:
            self.domains.remove(found)

    # Starting with the daemon: a link in the folder `autostart`, as libvirt keeps it.

    def domain_set_autostart(self, dom: DomainHandle, autostart: int) -> None:
        """`virDomainSetAutostart`"""
        found = self._find(dom)
        with found.job(JobKind.MODIFY):
            with found.locked() as state:
                if not state.persistent:
                    detail = f"{self.cannot} set autostart for transient domain"
                    raise VirtError(ErrorCode.OPERATION_INVALID, detail, self.error_domain)
                name = state.definition.name
            self._mark(name, bool(autostart))
            with found.locked() as state:
                state.autostart = bool(autostart)
                found.publish(state.view())

    def _forget_files(self, name: str) -> None:
        self._mark(name, False)
        self.host.store().remove(name)

    def _mark(self, name: str, wanted: bool) -> None:
        self.host.store().link(name, self._autostarts, wanted, ErrorDomain.NONE)

    @property
    def _autostarts(self) -> Path:
        return self.host.store("autostart").folder
