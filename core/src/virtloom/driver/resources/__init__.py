"""What the resource drivers share (networks, pools): found by uuid and name."""
