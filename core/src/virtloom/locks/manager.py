"""The lock manager: what a plugin, or a part of the daemon, makes its locks and guarded objects with.

Guarantees: whatever it made can be found through it for as long as it lives; it keeps nothing alive. It may
be used by any thread.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Any, TypeVar

from virtloom.locks.checking.checker import Checker
from virtloom.locks.context import THREADS, calling
from virtloom.locks.edition import Edition
from virtloom.locks.guarded import Guarded
from virtloom.locks.jobs import JobPolicy, OnWait
from virtloom.locks.levels import Level, ObjectType
from virtloom.locks.living import Living
from virtloom.locks.lock import Lock

S = TypeVar("S")

JOB_TIMEOUT = 30.0  # seconds; libvirt's qemu driver waits as long for a job


class LockManager:
    """Makes the locks of one scope.

    :param scope: whose they are, such as a plugin's name; it begins the names of their classes.
    :param checker: who judges them.
    :param object_types: the types that `guard` accepts.
    :param job_timeout: seconds to wait for a job, unless its caller says otherwise.
    :param on_wait: given what is waited for, makes a context manager that is entered around each wait for a job, with
        no lock held; it may raise to forbid the wait, unless the second argument says that the job ends those of
        others. The server's worker pool puts another worker in the waiting one's place there.
    """

    def __init__(
        self,
        scope: str,
        checker: Checker,
        object_types: Iterable[ObjectType] = (),
        *,
        job_timeout: float = JOB_TIMEOUT,
        on_wait: OnWait | None = None,
    ) -> None:
        self.scope = scope
        self.checker = checker
        self.object_types = tuple(object_types)
        self._policy = JobPolicy(checker, job_timeout, on_wait, scope)
        self._locks: Living[Lock] = Living()
        self._objects: Living[Guarded[Any]] = Living()

    def lock(self, name: str, level: Level, label: str = "", *, noted: bool = True) -> Lock:
        """A new lock.

        :param name: its name; with the scope, the name of its class in the order graph.
        :param label: what tells it from others of that name, in reports.
        :param noted: whether the line that takes it is noted even if the checker only records, which is half of what
            taking it costs.
        """
        class_name = f"{self.scope} {name}".lstrip()
        made = Lock(level, f"{class_name} {label}".rstrip(), self.checker, class_name, 0 if noted else None)
        self._locks.add(made)
        return made

    def guard(self, object_type: ObjectType, key: Hashable, state: S, edition: Edition | None = None) -> Guarded[S]:
        """A new guarded object.

        :param object_type: one of the declared types.
        :param key: what identifies it; immutable.
        :param state: its state, which nobody else keeps.
        :param edition: of the snapshots that it publishes and those of others.
        :raises ValueError: if the type was not declared.
        """
        if object_type not in self.object_types:
            raise ValueError(f"{self.scope} did not declare the object type {object_type.name!r}")
        made = Guarded(self.scope, object_type, key, state, self._policy, edition)
        self._objects.add(made)
        return made

    def calling(self, api: str, client: str | None = None) -> calling:
        """Name the call that this thread serves for the length of a block; see `calling`.

        :param api: the API's name.
        :param client: who called.
        """
        return calling(api, client, self.checker)

    def obtaining(self, object_type: ObjectType) -> None:
        """To be called by a collection at each look-up: reports one that is made while an object is locked.

        :raises LockViolation: in enforce mode.
        """
        if THREADS.me.held and self.checker.checking:
            self.checker.obtaining(object_type.name)

    @property
    def locks(self) -> tuple[Lock, ...]:
        """The locks it made that live, oldest first; those of guarded objects are not among them."""
        return self._locks.all()

    @property
    def objects(self) -> tuple[Guarded[Any], ...]:
        """The guarded objects it made that live, oldest first."""
        return self._objects.all()
