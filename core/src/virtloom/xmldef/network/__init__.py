"""Virtual networks and their ports: `network` reads and writes a whole one, `update` changes a piece of one, `port` has
the ports; the other modules are what they consist of.
"""
