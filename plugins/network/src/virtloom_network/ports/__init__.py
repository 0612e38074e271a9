"""The ports of networks: how guests come to be on one."""
