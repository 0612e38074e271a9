"""Moments of a domain: snapshots and checkpoints."""
