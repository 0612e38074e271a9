"""Deliberate mistakes: in a small driver, and in the locks themselves, with who catches each.

`LINT` reads the source, `CHECKER` sees it run with checking on `enforce`; the names of files are tests of the locks.
"""

from __future__ import annotations

from typing import NamedTuple

LINT, CHECKER = "lint", "checker"

DRIVER = """
from virtloom.locks import JobKind, Level, ObjectType, locked_pair

PARROT = ObjectType("parrot", key="name")


class Parrot:
    line = ""


class Parrots:
    def __init__(self, host: DriverHost) -> None:
        self.host = host
        self._lock = host.locks.lock("cages", Level.DRIVER)
        self._by_name = {}

    def add(self, name: str) -> None:
        made = self.host.locks.guard(PARROT, name, Parrot())
        with self._lock:
            self._by_name[name] = made

    def find(self, name: str) -> Guarded:
        self.host.locks.obtaining(PARROT)
        with self._lock:
            return self._by_name[name]

    def names(self):
        with self._lock:
            names = list(self._by_name)
        yield from names

    def remove(self, name: str) -> None:
        found = self.find(name)
        with found.locked():
            found.retire()
        with self._lock:
            del self._by_name[name]

    def swap(self, one: str, two: str) -> None:
        a, b = self.find(one), self.find(two)
        with locked_pair(a, b) as (first, second):
            first.line, second.line = second.line, first.line

    def teach(self, name: str, line: str) -> str:
        found = self.find(name)
        with found.job(JobKind.MODIFY):
            self.host.run([line], deadline=1)
            with found.locked() as state:
                state.line = line
                told = state.line
        return told
"""


class Mutation(NamedTuple):
    """One mistake: a piece of text and what stands in its place.

    :ivar name: what is wrong, in a phrase.
    :ivar old: new: the texts; the old one is there once.
    :ivar caught: by whom.
    """

    name: str
    old: str
    new: str
    caught: tuple[str, ...]


IN_DRIVER = (
    Mutation(
        "a release forgotten",
        "        with self._lock:\n            self._by_name[name] = made\n",
        "        self._lock.__enter__()\n        self._by_name[name] = made\n",
        (LINT, CHECKER),
    ),
    Mutation(
        "the driver's lock taken under an object's",
        "            found.retire()\n        with self._lock:\n            del self._by_name[name]",
        "            found.retire()\n            with self._lock:\n                del self._by_name[name]",
        (LINT, CHECKER),
    ),
    Mutation(
        "an object locked under the driver's lock",
        "        with found.locked():\n            found.retire()\n",
        "        with self._lock:\n            with found.locked():\n                found.retire()\n",
        (LINT,),
    ),
    Mutation(
        "a state used after its block",
        "        return told",
        "        return state.line",
        (LINT, CHECKER),
    ),
    Mutation(
        "a state handed to another thread",
        "                told = state.line",
        "                told = state.line\n                self.host.later(lambda: state.line)",
        (LINT, CHECKER),
    ),
    Mutation(
        "two objects locked one after the other",
        "with locked_pair(a, b) as (first, second):",
        "with a.locked() as first, b.locked() as second:",
        (LINT, CHECKER),
    ),
    Mutation(
        "an object looked up while another is locked",
        "                told = state.line",
        "                told = state.line\n                self.find(name)",
        (LINT, CHECKER),
    ),
    Mutation(
        "sleeping under an object's lock",
        "                told = state.line",
        "                told = state.line\n                self.host.run([line], deadline=1)",
        (LINT, CHECKER),
    ),
    Mutation(
        "a job asked for under the object's lock",
        "        with found.job(JobKind.MODIFY):\n            self.host.run([line], deadline=1)\n"
        "            with found.locked() as state:",
        "        with found.locked() as state:\n            with found.job(JobKind.MODIFY):",
        (LINT, CHECKER),
    ),
    Mutation(
        "a job not ended on an exception",
        "        with found.job(JobKind.MODIFY):\n            self.host.run([line], deadline=1)\n"
        "            with found.locked() as state:\n                state.line = line\n"
        "                told = state.line\n",
        "        job = found.job(JobKind.MODIFY)\n        job.__enter__()\n        self.host.run([line], deadline=1)\n"
        "        with found.locked() as state:\n            state.line = line\n            told = state.line\n"
        "        job.__exit__(None, None, None)\n",
        (CHECKER,),
    ),
    Mutation(
        "a driver's state read without its lock",
        "        with self._lock:\n            return self._by_name[name]",
        "        return self._by_name[name]",
        (LINT,),
    ),
    Mutation(
        "a generator that yields under a lock",
        "            names = list(self._by_name)\n        yield from names",
        "            yield from self._by_name",
        (LINT,),
    ),
)

LOCKED = "test_lock.py"
BORROWED = "test_borrowed.py"
GUARDED = "test_guarded.py"
JOBS = "test_jobs.py"
PAIR = "test_pair.py"
BATTERY = "test_battery.py"
SCHEDULES = "test_schedules.py"
LINEARIZABLE = "../driver/test_linearizable.py"

# By file, from core/src/virtloom/locks on.
IN_LOCKS = {
    "guarded.py": (
        Mutation("a removed object not re-checked", "        if self.gone:\n", "        if False:\n", (GUARDED,)),
        Mutation(
            "a retired object that leaves its waiters waiting",
            "        self.jobs.refuse_all(self._gone)\n",
            "",
            (GUARDED,),
        ),
        Mutation(
            "a change that keeps its job when the object is gone",
            "        except BaseException:\n            job.__exit__(None, None, None)\n            raise\n",
            "        except KeyError:\n            raise\n",
            (SCHEDULES,),
        ),
        Mutation("a lent state not revoked", "            self._loan.end()\n", "            pass\n", (BORROWED,)),
    ),
    "../driver/collections.py": (
        Mutation(
            "a name that is believed without a second look",
            "        return found if self._entries.get(found.key) == (found, name) else None",
            "        return found",
            (LINEARIZABLE,),
        ),
        Mutation(
            "a new name for an object that was removed meanwhile",
            "        if entry is None or entry[0] is not obj:\n            raise",
            "        if entry is None:\n            raise",
            (LINEARIZABLE,),
        ),
    ),
    "pair.py": (Mutation("a pair locked in the caller's order", "if _place(a) < _place(b):", "if True:", (PAIR,)),),
    "lock.py": (
        Mutation(
            "the last waiter served first", "first = self._queue.popleft()", "first = self._queue.pop()", (BATTERY,)
        ),
        Mutation(
            "one who waited too long left in the queue",
            "            self._queue.remove(waiter)\n            return True",
            "            return True",
            (LOCKED,),
        ),
        Mutation(
            "one who joins the queue and does not look at the lock again",
            "            if self._try(False):  # released since",
            "            if False:  # released since",
            (SCHEDULES,),
        ),
        Mutation(
            "a release that does not look at the queue again",
            "            if not self._queue or not self._try(False):\n                return\n",
            "            return\n",
            (SCHEDULES,),
        ),
        Mutation(
            "a lock handed over to one who has just given up",
            "        late = not served and self._withdraw(waiter)\n",
            "        late = not served\n        self._withdraw(waiter)\n",
            (SCHEDULES,),
        ),
        Mutation(
            "a release that frees the lock for whoever comes although somebody waits",
            "        if not self._queue:\n            self._free()",
            "        if True:\n            self._free()",
            (SCHEDULES,),
        ),
    ),
    "jobs.py": (
        Mutation(
            "a job that begins without the mutex",
            "        with self._mutex:\n            self._raise_if_removed()\n            if self._slots and",
            "        if True:\n            self._raise_if_removed()\n            if self._slots and",
            (SCHEDULES,),
        ),
        Mutation(
            "a job that joins the queue without another look at who runs",
            "            self._queue.append(job)\n            self._admit()\n",
            "            self._queue.append(job)\n",
            (SCHEDULES,),
        ),
        Mutation(
            "a job that joins the queue of an object that was just removed",
            "        with self._mutex:\n            self._raise_if_removed()\n            gate =",
            "        with self._mutex:\n            gate =",
            (SCHEDULES,),
        ),
        Mutation(
            "a waiting job that is overtaken by who comes later",
            "            if self._obstacle(job) is None:\n                self._start(job)",
            "            if self._obstacle(job) is None and job is not waiting[0]:\n                self._start(job)",
            (SCHEDULES,),
        ),
        Mutation(
            "a killed job that ends the one that took its place",
            "            if self._slots.get(slot) is job:\n                del",
            "            if slot in self._slots:\n                del",
            (SCHEDULES,),
        ),
        Mutation(
            "a job that ends and lets nobody in",
            "                if self._queue:\n                    self._admit()\n",
            "",
            (JOBS,),
        ),
        Mutation(
            "an asynchronous job that keeps nobody out",
            "        if inside is not None and not _admits(inside, job):",
            "        if False:",
            (JOBS,),
        ),
        Mutation(
            "a killed job whose owner is not told",
            "                    job.ended_by = reason\n                    del",
            "                    del",
            (JOBS,),
        ),
        Mutation(
            "one who gave up left in the queue",
            "                error: LockError | None = self._timeout(job)\n                self._queue.remove(job)\n",
            "                error: LockError | None = self._timeout(job)\n",
            (JOBS,),
        ),
    ),
}
