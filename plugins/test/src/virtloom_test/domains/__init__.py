"""Domains: what the driver keeps of them, and every call about them, a file for each concern."""
