"""Network interfaces: pairs made on the host, one end of which is moved into a container."""
