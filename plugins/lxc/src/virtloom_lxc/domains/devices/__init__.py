"""Devices that come and go: `calls` says which, `plugging` how nodes do, `interfaces` how network interfaces do."""
