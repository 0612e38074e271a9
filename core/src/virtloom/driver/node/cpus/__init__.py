"""Processors of x86 as libvirt 9.0 knows them: the bits of their features, and what models have."""
