"""The RPC server: sockets, clients, workers, dispatch, streams and keepalive.

`server` puts the parts together. `listener` and `credentials` are how a client comes in; `reader` is the one thread
that waits for all of them; `client` is one of them, with what it sends (`receiving`, `deadlines`, `keepalive`), what
waits to be sent to it (`sending`) and its calls (`lanes`). `workers` answer the calls through `dispatch`; `streams` and
`streamtable` move the data beside them. `limits` is what all this is bounded by. Nothing here knows what a procedure
does, but for `admin`, which is a program about the server itself.
"""
