"""What can be seen of the locks of a running process: who holds what, how long things took, and a trace of it all.

`inspection` is where to begin. Nothing here takes a lock of a driver or an object.
"""
