"""Storage pools and volumes: what a document says of them, checked and written as libvirt does.

`types` is the table of pool types and what each needs; `pool` and `volume` hold the definitions; the rest are their
parts.
"""
