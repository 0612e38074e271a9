"""Waiting past the checker: a test may sleep with locks held, to see what others do meanwhile."""

from __future__ import annotations

import inspect
import threading

join = inspect.unwrap(threading.Thread.join)
wait = inspect.unwrap(threading.Event.wait)
