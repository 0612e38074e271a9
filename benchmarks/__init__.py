"""The benchmarks: each prints its figures beside those of a libvirtd of the same machine, in the same run."""
