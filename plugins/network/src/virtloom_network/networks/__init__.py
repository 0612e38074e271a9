"""Networks: found, defined, started, changed, stopped, and found again."""
