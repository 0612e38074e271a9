"""libvirt's wire protocol as declarations, and the framing. No I/O.

`programs` defines what a program is; `remote`, `qemu`, `lxc`, `admin` and `keepalive` are the programs; `message` has
what they share; `frames` cuts bytes into messages and back.
"""
