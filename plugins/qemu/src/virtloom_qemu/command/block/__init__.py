"""Images and what serves them, as QEMU's block nodes: one for the bytes and one for the format of each image."""
