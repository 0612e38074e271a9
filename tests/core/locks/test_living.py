"""What lives can be listed at any moment, whatever is made and dies meanwhile."""

from __future__ import annotations

import threading
from typing import Any

from virtloom.locks.living import Living

ROUNDS = 3000


class Thing:
    """Something to be listed."""


def test_those_that_live_are_listed_in_order() -> None:
    living: Living[Thing] = Living()
    kept = [Thing() for _ in range(3)]
    for thing in kept:
        living.add(thing)
    assert living.all() == tuple(kept)
    del kept[1], thing
    assert living.all() == tuple(kept)


def test_a_listing_has_all_that_lives_though_others_come_and_go(crew: Any) -> None:
    living: Living[Thing] = Living()
    kept = [Thing() for _ in range(100)]
    for thing in kept:
        living.add(thing)
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            for thing in [Thing() for _ in range(50)]:
                living.add(thing)

    for _ in range(2):
        crew.start(come_and_go)
    try:
        for _ in range(ROUNDS):
            assert set(kept) <= set(living.all())
    finally:
        done.set()
    crew.join()
    assert set(living.all()) == set(kept)
