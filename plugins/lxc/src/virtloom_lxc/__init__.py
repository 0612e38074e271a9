"""Containers, run by liblxc's tools: each has a controller of its own, and both outlive the daemon."""
