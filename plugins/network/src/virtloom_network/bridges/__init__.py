"""What a network is on the host: its bridge, its addresses and routes, its firewall."""
