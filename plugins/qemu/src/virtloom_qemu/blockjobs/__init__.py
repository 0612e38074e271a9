"""Block jobs: what QEMU does with the images of a disk while the guest goes on."""
