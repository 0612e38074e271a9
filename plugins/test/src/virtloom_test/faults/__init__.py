"""Faults: what is to go wrong on the played hosts, when, and how."""
