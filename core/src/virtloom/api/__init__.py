"""A client's connection: each remote procedure mapped to a driver's call, by tables.

`session` is the bracket around every call; `routes` says which driver answers which procedure; `bridge` turns the
wire's arguments into a driver's and its answer back; `derived` has the old calls that newer ones answer; `builtin`
those that need no driver. Nothing here knows a socket, and nothing here is a thread.
"""
