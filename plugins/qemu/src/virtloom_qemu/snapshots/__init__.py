"""Snapshots of guests: what may be taken, the images of it, and the documents that are kept."""
