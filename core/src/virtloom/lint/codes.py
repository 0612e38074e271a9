"""The codes: what each means, why it matters, what is wrong and what is right."""

from __future__ import annotations

from textwrap import dedent, fill
from typing import NamedTuple


class Code(NamedTuple):
    """One rule of the checker.

    :ivar code: its name in reports and in `# noqa: VL001`.
    :ivar title: what is wrong, in a phrase.
    :ivar why: what it leads to.
    :ivar wrong: right: a piece of source with the mistake, and the same without it.
    """

    code: str
    title: str
    why: str
    wrong: str
    right: str

    def explain(self) -> str:
        """All of it, for a terminal."""
        wrong, right = (dedent(text).strip().replace("\n", "\n    ") for text in (self.wrong, self.right))
        return f"{self.code}: {self.title}\n\n{fill(self.why, 100)}\n\nWrong:\n\n    {wrong}\n\nRight:\n\n    {right}"


_ALL = (
    Code(
        "VL001",
        "a lock is still held when the function is left",
        "Some way out of the function, a return, an exception or a yield, leaves the lock taken. Nobody can "
        "release it any more, and everybody who wants the object waits for ever. `with` releases on every way "
        "out.",
        """
        self._lock.acquire()
        if name in self._names:
            return None
        self._lock.release()
        """,
        """
        with self._lock:
            if name in self._names:
                return None
        """,
    ),
    Code(
        "VL002",
        "a driver's lock is taken while an object is locked",
        "A driver's lock comes before an object's. Taken the other way round, this thread and one that goes "
        "the right way wait for each other. Change the object first, and the collection when its lock is "
        "released.",
        """
        with found.locked() as state:
            self.domains.remove(found)
        """,
        """
        with found.locked() as state:
            found.retire()
        self.domains.remove(found)
        """,
    ),
    Code(
        "VL003",
        "an object is locked in another way than the driver's discipline allows",
        "An object's lock may be held by a thread that takes its time. Who waits for it under the driver's "
        "lock makes every look-up wait as well. Two objects are locked by `locked_pair`, which orders them. "
        "And an object is entered by `locked()` or `changing()`, which see that it was not removed; its bare "
        "lock does not.",
        """
        with self._lock:
            with found.locked() as state:
                state.name = name
        """,
        """
        with self._lock:
            self._names[name] = found
        with found.locked() as state:
            state.name = name
        """,
    ),
    Code(
        "VL004",
        "a driver's state is used without its lock",
        "An attribute that is changed under the driver's lock elsewhere is read or changed here without it, "
        "so it may be seen half changed, or a change may be lost.",
        """
        def rename(self, old, new):
            with self._lock:
                self._names[new] = self._names.pop(old)

        def find(self, name):
            return self._names.get(name)
        """,
        """
        def find(self, name):
            with self._lock:
                return self._names.get(name)
        """,
    ),
    Code(
        "VL005",
        "an object's state is used without its lock",
        "What `with obj.locked() as state:` gives belongs to the block. After it, or where it was handed to "
        "another thread, somebody else is changing it.",
        """
        with found.locked() as state:
            state.touched = True
        return state.name
        """,
        """
        with found.locked() as state:
            state.touched = True
            return state.name
        """,
    ),
    Code(
        "VL006",
        "an object is looked up while another is locked",
        "Looking up needs the driver's lock, which comes before an object's; and what is found will be locked "
        "next, in an order that nobody sees to. Look up first.",
        """
        with found.locked() as state:
            base = self.domains.find(state.base)
        """,
        """
        with found.locked() as state:
            key = state.base
        base = self.domains.find(key)
        """,
    ),
    Code(
        "VL101",
        "a lock is acquired or released by hand",
        "Locks are held by `with` alone; then there is one release point, and it is reached on every way out.",
        """
        lock.acquire()
        try:
            work()
        finally:
            lock.release()
        """,
        """
        with lock:
            work()
        """,
    ),
    Code(
        "VL102",
        "something sleeps under an object's or a driver's lock",
        "Whoever sleeps with a lock makes everybody sleep who wants it: one slow disk or hung guest, and no "
        "list of domains is answered. Take a job, release the lock, sleep, and take the lock again.",
        """
        with found.locked() as state:
            self.host.run(["qemu-img", "info", state.path], deadline=10)
        """,
        """
        with found.job(JobKind.QUERY):
            with found.locked() as state:
                path = state.path
            self.host.run(["qemu-img", "info", path], deadline=10)
        """,
    ),
    Code(
        "VL103",
        "something is logged or imported under a lock",
        "Logging writes to a file or a socket, and importing runs other people's code under locks of its own.",
        """
        with self._lock:
            log.info("removing %s", name)
            del self._names[name]
        """,
        """
        with self._lock:
            del self._names[name]
        log.info("removed %s", name)
        """,
    ),
    Code(
        "VL104",
        "a job is asked for while a lock is held",
        "A job may have to be waited for, until a monitor has answered; a lock must not be held for so long.",
        """
        with found.locked() as state, found.job(JobKind.MODIFY):
            state.name = name
        """,
        """
        with found.job(JobKind.MODIFY), found.locked() as state:
            state.name = name
        """,
    ),
)

CODES: dict[str, Code] = {code.code: code for code in _ALL}
