"""Checking files: reads them all, so that calls from one to another are followed; reports in the order of places."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from virtloom.lint.drivers import unlocked_state
from virtloom.lint.effects import Summaries
from virtloom.lint.exits import Exits
from virtloom.lint.holding import Holding
from virtloom.lint.model import Model
from virtloom.lint.problem import Problem
from virtloom.lint.source import Source, files
from virtloom.lint.states import States
from virtloom.lint.walk import Walk


def check_paths(paths: Iterable[Path]) -> list[Problem]:
    """The problems in some files and in those below some folders.

    :raises OSError: if one cannot be read.
    :raises SyntaxError: if one is no Python.
    """
    sources = [Source(path) for path in files(paths)]
    judged = [source for source in sources if not source.is_the_locks]
    model = Model(judged)
    holding = Holding(model)
    summaries = Summaries(model, holding.is_driver)
    found: set[Problem] = set()
    for function in model.functions:
        found.update(Walk(function, model, holding, summaries).problems)
        found.update(States(function, model, holding).problems)
        found.update(Exits(function, model, holding).problems)
    for owner in model.classes.values():
        found.update(unlocked_state(owner, model))
    by_path = {source.path: source for source in judged}
    return sorted(problem for problem in found if not by_path[problem.path].silences(problem))
