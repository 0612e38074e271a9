"""Clients: what each sends, what waits to be sent to it, its calls, its end."""
