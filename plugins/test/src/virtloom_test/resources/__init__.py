"""What networks, interfaces, pools and devices have in common."""
