"""One container: its configuration for liblxc, its controller, its control groups, its root."""
