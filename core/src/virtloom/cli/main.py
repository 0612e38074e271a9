"""`virtloom` itself: Ctrl-C ends it without a word, also while its commands are being imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130  # as a shell says it of a command that Ctrl-C ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command. Returns the exit status: 0, 1 after saying what was wrong, or `INTERRUPTED`."""
    try:
        from virtloom.cli.commands import run

        status = run(argv)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # whoever read what is printed has read enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
