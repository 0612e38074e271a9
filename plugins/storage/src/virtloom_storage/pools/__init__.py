"""Pools: their state, how they are found, and their life."""
