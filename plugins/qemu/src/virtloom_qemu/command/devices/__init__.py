"""Devices of the guest: each family adds its arguments to a command line.

Whoever plugs a device into a running guest uses the same properties; see `properties`.
"""
