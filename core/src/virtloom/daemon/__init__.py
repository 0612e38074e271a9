"""The daemon put together: its configuration, its places, its start and its stop."""
