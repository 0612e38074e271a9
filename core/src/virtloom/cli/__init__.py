"""The two programs: `virtloomd`, the daemon, and `virtloom`, which asks and configures it."""
