"""How drivers come to a daemon: found, started in turn, and looked up for a connection."""
