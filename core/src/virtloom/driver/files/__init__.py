"""What a driver keeps on disk: its definitions, and what was made on the host for a run."""
