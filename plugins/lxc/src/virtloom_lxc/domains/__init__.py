"""The driver's calls, by what they are about; `base` has what they stand on."""
