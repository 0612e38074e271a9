"""How a run begins, how it ends, and how it is found again after a restart of the daemon."""
