"""Borrowed state: what a `with obj.locked()` block is given while the checker enforces.

Guarantees: the borrowed state passes every use on to the real one, as long as its block is open and the
thread that uses it holds the lock; any other use is reported. Its methods run on the borrowed state too, so
what they leave behind (a generator, a callback) is revoked with it. `isinstance` sees the real class.
Assumes: what the state's attributes hold is immutable and replaced whole; a mutable list read from an
attribute is the real one and is not revoked. State of a built-in immutable type is handed out as it is.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any, TypeVar, cast

from virtloom.locks.checking.rules import Rule
from virtloom.locks.checking.sites import site_of
from virtloom.locks.lock import CheckedLock

S = TypeVar("S")

_HARMLESS = (type(None), bool, int, float, str, bytes, tuple, frozenset, type)


class Loan:
    """The right to use a state: from the beginning of a block to its end, in the thread that holds the lock."""

    __slots__ = ("_lock", "_open", "_site")

    def __init__(self, lock: CheckedLock) -> None:
        self._lock = lock
        self._open = True
        self._site = lock.raw_site

    def end(self) -> None:
        """Revoke it."""
        self._open = False

    def check(self) -> None:
        """Report a use outside of the block, or in another thread.

        :raises LockViolation: in enforce mode.
        """
        if not self._open:
            detail = f"state used after its lock was released: {self._lock.name}"
            self._report(Rule.STATE_LEAKED, detail)
        elif not self._lock.mine:
            detail = f"state used by a thread that does not hold its lock: {self._lock.name}"
            self._report(Rule.STATE_UNLOCKED, detail)

    def _report(self, rule: Rule, detail: str) -> None:
        lock = self._lock
        lock.checker.report(rule, detail, about=lock.name, other=site_of(self._site))


def lend(state: S, loan: Loan) -> S:
    """The state, usable for as long as the loan runs."""
    if isinstance(state, _HARMLESS):
        return state
    return cast(S, _Borrowed(state, loan))


class _Borrowed:
    __slots__ = ("_loan", "_real")

    def __init__(self, real: Any, loan: Loan) -> None:
        object.__setattr__(self, "_real", real)
        object.__setattr__(self, "_loan", loan)

    def __getattribute__(self, name: str) -> Any:
        real = _real(self)
        value = getattr(real, name)
        if type(value) is MethodType and value.__self__ is real:
            return MethodType(value.__func__, self)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(_real(self), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(_real(self), name)

    def __iter__(self) -> Iterator[Any]:
        for item in _real(self):
            yield item
            _real(self)


def _real(borrowed: _Borrowed) -> Any:
    """The real state, if it may be used."""
    object.__getattribute__(borrowed, "_loan").check()
    return object.__getattribute__(borrowed, "_real")


# Python looks for these in the class, so `__getattribute__` does not see them.
_SPECIAL: dict[str, Callable[..., Any]] = {
    "__repr__": repr,
    "__str__": str,
    "__hash__": hash,
    "__bool__": bool,
    "__len__": len,
    "__reversed__": reversed,
    "__getitem__": operator.getitem,
    "__setitem__": operator.setitem,
    "__delitem__": operator.delitem,
    "__contains__": operator.contains,
    "__call__": operator.call,
    **{f"__{name}__": getattr(operator, f"__{name}__") for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    **{f"__{name}__": getattr(operator, f"__{name}__") for name in ("add", "sub", "and", "or", "xor")},
    **{f"__{name}__": getattr(operator, f"__{name}__") for name in ("iadd", "isub", "iand", "ior", "ixor")},
}


def _forward(function: Callable[..., Any]) -> Callable[..., Any]:
    def special(self: _Borrowed, *arguments: Any, **keywords: Any) -> Any:
        real = _real(self)
        plain = [_real(other) if type(other) is _Borrowed else other for other in arguments]
        result = function(real, *plain, **keywords)
        return self if result is real else result

    return special


for _name, _function in _SPECIAL.items():
    setattr(_Borrowed, _name, _forward(_function))
