"""Real guests in QEMU: no lock is held while a monitor talks, and guests outlive the daemon."""
