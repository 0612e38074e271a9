"""The guest itself: machine, processor, memory, firmware, clock, and what its BIOS says of it."""
