"""The runs of guests: how one begins, what it tells of itself while it goes on, how it ends, and how it is found again.

A run is one process of QEMU with its monitor (`state`), found again by its status file (`status`). Whoever talks to it
holds a job of the domain and no lock (`talk`), and changes it as flags say (`alteration`).
"""
