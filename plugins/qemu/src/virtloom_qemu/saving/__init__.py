"""A guest's state in a file: the form of the file, and how QEMU's migration writes it and reads it again."""
