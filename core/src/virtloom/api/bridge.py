"""From the wire's arguments to a driver's method and back.

A method takes the arguments as the protocol has them, less what only serves the wire, and returns what the return
struct holds, more simply put. The conventions, each one entry below:

- counts that a client passes for its own buffers (`nparams`, `maxnames`, `need_results`, ...) are left out;
- typed parameters are `TypedParam` values, both ways; whether a client can take strings among them is settled here;
- a list may be `Kept`, whose pieces are put into the wire's form and into bytes once;
- a list with its count is returned as the list;
- a struct of one field is returned as that field's value, a larger one as a tuple, none as None;
- a status that is 0 on success need not be returned;
- descriptors that go with the reply are what the method returns; they are closed when they were sent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from virtloom.driver.handles import DomainHandle
from virtloom.driver.params import STRING, TypedParam
from virtloom.errors import ErrorCode, VirtError
from virtloom.wire.programs import Procedure
from virtloom.xdr import Kept

Args = tuple[Any, ...]
Call = Callable[[Args], Any]

# Arguments that only tell how much room the client has.
COUNTS = frozenset(
    {"nparams", "need_results", "maxnames", "maxids", "maxuuids", "maxerrors", "maxStats", "need_map", "need_online"}
)
# Lists named `params` that hold plain pairs of a name and a number.
PLAIN_PAIRS = frozenset({"node_get_cpu_stats", "node_get_memory_stats"})
# Calls whose count is an answer of its own, which only the driver can give: their arguments are left whole.
COUNTING_THEMSELVES = frozenset({"domain_get_cpu_stats"})
STRINGS_OKAY = 1 << 2  # VIR_TYPED_PARAM_STRING_OKAY, which a client sets by itself


def field_names(struct: Any) -> tuple[str, ...]:
    """The names of a struct's fields; () for a procedure that has none."""
    return () if struct is None else tuple(struct.field_names)


def parameters(procedure: Procedure) -> tuple[str, ...]:
    """The parameters that a driver's method for the procedure takes, in order, without `self`."""
    names = tuple(name for name in field_names(procedure.args) if name not in _counts(procedure))
    return (*names, "stream") if procedure.stream is not None else names


def _counts(procedure: Procedure) -> frozenset[str]:
    """The arguments of a procedure that its method does not see."""
    return frozenset() if procedure.snake in COUNTING_THEMSELVES else COUNTS


def bind(procedure: Procedure, method: Callable[..., Any], count: int | None = None) -> Call:
    """A call that takes the wire's arguments (and a stream where there is one) and returns the wire's fields.

    :param count: how many parameters the method returns, for a client that only asks that; None finds out each time.
    """
    if count is not None and "nparams" in field_names(procedure.args):
        return _counting(procedure, bind(procedure, method), count)
    prepare = _preparation(procedure)
    finish = _completion(procedure)
    if prepare is None and finish is one_field:  # these two are most calls, and a call in between is a third of them
        return lambda args: (method(*args),)
    if prepare is None and finish is all_fields:
        return lambda args: tuple(method(*args))
    if prepare is None:
        return lambda args: finish(args, method(*args))
    return lambda args: finish(args, method(*prepare(args)))


def _counting(procedure: Procedure, call: Call, count: int) -> Call:
    """A call that tells a declared count without asking the driver, as libvirt's drivers do it."""
    room = field_names(procedure.args).index("nparams")
    return lambda args: ([], count) if args[room] == 0 else call(args)


def _preparation(procedure: Procedure) -> Call | None:
    """What is done to the wire's arguments; None if they are right as they are."""
    names = field_names(procedure.args)
    steps: list[Callable[[list[Any]], None]] = []
    if "params" in names:
        place = names.index("params")
        steps.append(lambda args: args.__setitem__(place, from_wire(args[place])))
    if "nparams" in names and "flags" in names:
        flags = names.index("flags")
        steps.append(lambda args: args.__setitem__(flags, args[flags] & ~STRINGS_OKAY))
    dropped = [place for place, name in enumerate(names) if name in _counts(procedure)]
    if not steps and not dropped:
        return None

    def prepare(args: Args) -> Args:
        changed = list(args)
        for step in steps:
            step(changed)
        for place in reversed(dropped):
            del changed[place]
        return tuple(changed)

    return prepare


def _completion(procedure: Procedure) -> Callable[[Args, Any], Any]:
    """What makes the return struct's fields of a method's result."""
    names, given = field_names(procedure.ret), field_names(procedure.args)
    if procedure.replies_with_fds:
        return lambda args, result: tuple(result)
    if not names:
        return lambda args, result: None
    if names[0] == "params" and "nparams" in given and procedure.snake not in COUNTING_THEMSELVES:
        return _counted_params(procedure, given, "nparams" in names)
    if len(names) == 2 and names[1] in ("ret", "nerrors") and names[0] != "cpumaps":
        return _counted_list(given)
    if "params" in names:
        place = names.index("params")
        return lambda args, result: _replace(_fields(names, result), place, to_wire)
    if names == ("retStats",):
        return lambda args, result: (_statistics(result),)
    if names in (("ret",), ("retcode",)):
        return lambda args, result: (0 if result is None else result,)
    room = next((place for place, name in enumerate(given) if name in COUNTS and name.startswith("max")), None)
    if room is not None:
        return lambda args, result: (result[: max(args[room], 0)],)
    return one_field if len(names) == 1 else all_fields


def one_field(args: Args, result: Any) -> Args:
    """A result that is the return struct's only field."""
    return (result,)


def all_fields(args: Args, result: Any) -> Args:
    """A result that has the return struct's fields in order."""
    return tuple(result)


def _fields(names: tuple[str, ...], result: Any) -> Args:
    return (result,) if len(names) == 1 else tuple(result)


def _replace(fields: Args, place: int, change: Callable[[Any], Any]) -> Args:
    return (*fields[:place], change(fields[place]), *fields[place + 1 :])


def _counted_params(procedure: Procedure, given: tuple[str, ...], counted: bool) -> Callable[[Args, Any], Any]:
    """The GET_*_PARAMETERS family: asked for 0 it tells the count, otherwise the list."""
    room = given.index("nparams")
    flags = given.index("flags") if "flags" in given else None
    plain = procedure.snake in PLAIN_PAIRS

    def finish(args: Args, result: Sequence[Any]) -> Args:
        strings = flags is not None and args[flags] & STRINGS_OKAY
        params = [p for p in result if plain or strings or p.type != STRING]
        if args[room] == 0 and counted:
            return ([], len(params))
        shown = params[: max(args[room], 0)]
        listed = shown if plain else to_wire(shown)
        return (listed, 0) if counted else (listed,)

    return finish


def _counted_list(given: tuple[str, ...]) -> Callable[[Args, Any], Any]:
    """A list and its length, the list left out if the client only counts."""
    if "need_results" in given:
        needed = given.index("need_results")
        return lambda args, result: (result if args[needed] else [], len(result))
    if "maxerrors" in given:
        room = given.index("maxerrors")
        return lambda args, result: ((shown := result[: args[room]]), len(shown) if args[room] else len(result))
    return lambda args, result: (result, len(result))


def to_wire(params: Sequence[TypedParam]) -> list[tuple[str, tuple[int, Any]]]:
    """Typed parameters as the wire's structs: a name, and a union of type and value."""
    return [(name, (kind, int(value) if kind == 6 else value)) for name, kind, value in params]


def _statistics(rows: Sequence[Any]) -> Sequence[Any]:
    """Rows of a domain and its typed parameters."""
    return rows.converted(_row) if type(rows) is Kept else list(map(_row, rows))


def _row(row: tuple[DomainHandle, Sequence[TypedParam]]) -> tuple[DomainHandle, list[Any]]:
    domain, params = row
    return domain, to_wire(params)


def from_wire(params: Sequence[Any]) -> list[TypedParam]:
    """The wire's structs as typed parameters; a boolean becomes one.

    :raises VirtError: INVALID_ARG for a name longer than 79 bytes (`VIR_TYPED_PARAM_FIELD_LENGTH`).
    """
    taken = []
    for name, (kind, value) in params:
        if len(name.encode()) >= 80:
            raise VirtError(ErrorCode.INVALID_ARG, f"parameter name '{name[:20]}...' is longer than 79 bytes")
        taken.append(TypedParam(name, kind, bool(value) if kind == 6 else value))
    return taken
