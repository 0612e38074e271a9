"""Domain definitions: `definition` is the whole, the other modules its parts.

`defaults` fills in what libvirt fills in after parsing, `checks` refuses what it refuses; both are lists of small
functions, so that a driver can add its own.
"""
