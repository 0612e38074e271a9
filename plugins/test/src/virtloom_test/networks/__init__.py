"""Virtual networks and the host's interfaces."""
