"""The admin program: what `virt-admin` asks of a daemon about its servers, clients, workers and log.

`session` is what is behind a client of the admin socket; `procedures` is its table; `logs` is libvirt's language for
log outputs and filters, on top of the standard library's logging.
"""
