"""What clients ask of domains: each file is a part of the driver, a group of libvirt's calls."""
