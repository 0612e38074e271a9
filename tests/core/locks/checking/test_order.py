"""The order graph, compared with a plain model of it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from virtloom.locks.checking.order import OrderGraph
from virtloom.locks.checking.sites import Site
from virtloom.locks.levels import Level

NAMES = st.sampled_from("abcde")


def reaches(edges: set[tuple[str, str]], start: str, goal: str) -> bool:
    seen, border = set(), {start}
    while border:
        seen |= border
        border = {after for before, after in edges if before in border} - seen
    return goal in seen


@given(st.lists(st.tuples(NAMES, NAMES), max_size=25))
def test_a_new_edge_gives_the_way_back_exactly_if_there_is_one(pairs: list[tuple[str, str]]) -> None:
    graph = OrderGraph()
    edges: set[tuple[str, str]] = set()
    for held, taken in pairs:
        is_new = (held, taken) not in edges
        cycle = graph.add(graph.lock_class(held, Level.LEAF), graph.lock_class(taken, Level.LEAF), ())
        expected = is_new and held != taken and reaches(edges, taken, held)
        assert (cycle is not None) is expected
        if cycle is not None:
            names = [(edge.held.name, edge.taken.name) for edge in cycle]
            assert set(names) <= edges
            assert (names[0][0], names[-1][1]) == (taken, held)
            assert all(one[1] == other[0] for one, other in pairwise(names))
        edges.add((held, taken))
    assert {(edge.held.name, edge.taken.name) for edge in graph.edges()} == edges


def test_an_edge_keeps_the_stack_of_its_first_time() -> None:
    graph = OrderGraph()
    outer, inner = graph.lock_class("clients", Level.CLIENT), graph.lock_class("domain", Level.OBJECT)
    first, later = (Site("driver.py", 10, "create"),), (Site("driver.py", 99, "destroy"),)
    graph.add(outer, inner, first)
    graph.add(outer, inner, later)
    assert [edge.stack for edge in graph.edges()] == [first]


def test_locks_of_one_name_and_level_are_one_class() -> None:
    graph = OrderGraph()
    assert graph.lock_class("domain", Level.OBJECT) is graph.lock_class("domain", Level.OBJECT)
    assert graph.lock_class("domain", Level.OBJECT) is not graph.lock_class("domain", Level.LEAF)
