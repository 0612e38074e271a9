"""What a run is given of the host, and what is taken back when it ends: its log, sockets, files, displays, links."""
