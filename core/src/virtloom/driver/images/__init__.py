"""Disk images on the host: what a file is, what its header says, and what is behind it.

One implementation for all drivers: a hypervisor's that starts a guest on an image, and the storage driver's that lists
and copies it. Nothing that an image names is opened here but through the caller's own `look`.
"""

from virtloom.driver.images.chain import BACKED, Link, links
from virtloom.driver.images.headers import Header, read_header
from virtloom.driver.images.look import Found, NoImage, look
from virtloom.driver.images.uses import ImageUse, Use, uses_of

__all__ = ["BACKED", "Found", "Header", "ImageUse", "Link", "NoImage", "Use", "links", "look", "read_header", "uses_of"]
