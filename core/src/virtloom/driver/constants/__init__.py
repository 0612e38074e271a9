"""libvirt's public constants, by the kind of object that they speak of."""
