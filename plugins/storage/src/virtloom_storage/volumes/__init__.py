"""Volumes: finding them, making them, changing them, and carrying their data."""
