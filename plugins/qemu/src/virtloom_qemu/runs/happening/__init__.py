"""What happens to a run while it goes on: what its monitor tells, and what follows for the state."""
