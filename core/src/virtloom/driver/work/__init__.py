"""Work on the outside world, each with a deadline: helper processes, and lanes for system calls that may hang."""
