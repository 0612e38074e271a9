"""What the drivers of networks and pools share: how one is found, comes, is kept on disk, found again, and goes."""
