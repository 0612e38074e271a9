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
    :ivar caught: by whom; of a long file the test that does.
    """

    name: str
    old: str
    new: str
    caught: tuple[str, ...]

    @property
    def row(self) -> str:
        """As the guide tells of it."""
        names = [name.partition("::")[0] for name in self.caught]
        return f"| {self.name} | {', '.join(name if name in (LINT, CHECKER) else f'`{name}`' for name in names)} |"


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
        Mutation(
            "a retired object that leaves its waiters waiting",
            "        self.jobs.refuse_all(self._gone)\n",
            "",
            (GUARDED,),
        ),
    ),
    "blocks.py": (
        Mutation(
            "a removed object not re-checked",
            "        if self.removed is not None:\n",
            "        if False:\n",
            (GUARDED,),
        ),
        Mutation(
            "an object that is removed while somebody waits for its lock",
            "        return self._state if self.removed is None else self.look()\n",
            "        return self._state\n",
            (f"{SCHEDULES}::test_nobody_enters_an_object_that_was_removed",),
        ),
        Mutation(
            "a change that keeps its job when the object is gone",
            "        except BaseException:\n            job.__exit__(None, None, None)\n            raise\n",
            "        except KeyError:\n            raise\n",
            (f"{SCHEDULES}::test_a_change_that_comes_too_late_leaves_no_job",),
        ),
        Mutation("a lent state not revoked", "            self._loan.end()\n", "            pass\n", (BORROWED,)),
    ),
    "../driver/collections.py": (
        Mutation(
            "a name that is believed without a second look",
            "            return found if self._entries[found.key] == (found, name) else None",
            "            return found",
            (f"{LINEARIZABLE}::test_a_name_never_leads_to_an_object_that_has_another_already",),
        ),
        Mutation(
            "a new name for an object that was removed meanwhile",
            "        if entry is None or entry[0] is not obj:\n            raise",
            "        if entry is None:\n            raise",
            (f"{LINEARIZABLE}::test_a_late_renaming_takes_nothing_from_the_successor",),
        ),
    ),
    "pair.py": (Mutation("a pair locked in the caller's order", "if _place(a) < _place(b):", "if True:", (PAIR,)),),
    "lock.py": (
        Mutation("the last waiter served first", "first = self._queue.pop(0)", "first = self._queue.pop()", (BATTERY,)),
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
            (f"{SCHEDULES}::test_whatever_threads_do_to_two_objects_the_rules_hold",),
        ),
        Mutation(
            "a release that does not look at the queue again",
            "            if not self._queue or not self._try(False):\n                return\n",
            "            return\n",
            (f"{SCHEDULES}::test_the_last_to_leave_does_not_forget_the_last_to_come",),
        ),
        Mutation(
            "a lock handed over to one who has just given up",
            "        late = not served and self._withdraw(waiter)\n",
            "        late = not served\n        self._withdraw(waiter)\n",
            (f"{SCHEDULES}::test_whatever_threads_do_to_two_objects_the_rules_hold",),
        ),
        Mutation(
            "a release that frees the lock for whoever comes although somebody waits",
            "        if not self._queue:\n            self._free()",
            "        if True:\n            self._free()",
            (f"{SCHEDULES}::test_nobody_who_stands_in_a_queue_is_overtaken",),
        ),
    ),
    "jobs.py": (
        Mutation(
            "a job that begins without the mutex",
            "        with self._mutex:\n            self._raise_if_removed()\n            if job.killing",
            "        if True:\n            self._raise_if_removed()\n            if job.killing",
            (f"{SCHEDULES}::test_nobody_who_stands_in_a_queue_is_overtaken",),
        ),
        Mutation(
            "a job that joins the queue without another look at who runs",
            "            self._queue.append(job)\n            self._admit()\n",
            "            self._queue.append(job)\n",
            (f"{SCHEDULES}::test_a_waiting_job_lets_pass_only_whom_the_running_one_admits",),
        ),
        Mutation(
            "a job that joins the queue of an object that was just removed",
            "        with self._mutex:\n            self._raise_if_removed()\n            gate =",
            "        with self._mutex:\n            gate =",
            (f"{SCHEDULES}::test_nobody_enters_an_object_that_was_removed",),
        ),
        Mutation(
            "a waiting job that is overtaken by who comes later",
            "            if self._obstacle(job) is None:\n                self._start(job)",
            "            if self._obstacle(job) is None and job is not waiting[0]:\n                self._start(job)",
            (f"{SCHEDULES}::test_nobody_who_stands_in_a_queue_is_overtaken",),
        ),
        Mutation(
            "a killed job that ends the one that took its place",
            "            if slot in self._slots and self._slots[slot] is job:\n                del",
            "            if slot in self._slots:\n                del",
            (f"{SCHEDULES}::test_a_job_that_was_killed_does_not_end_the_one_that_took_its_place",),
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
            "                job.ended_by = reason\n                del",
            "                del",
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
