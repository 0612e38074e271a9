"""Clients that cost next to nothing: frames made once, a load generator, and the loads."""
