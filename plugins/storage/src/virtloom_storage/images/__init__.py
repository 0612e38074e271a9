"""Image files: how a format is recognised, what qemu-img tells of one, and how one is made."""
