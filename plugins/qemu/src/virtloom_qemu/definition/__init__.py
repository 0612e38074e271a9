"""A domain's definition as QEMU's guests need it: completed, given places, and refused where QEMU could not run it.

`rules` is the whole; each other module is one subject.
"""
