"""The types of pools, one small file each, behind the interface of `base`."""
