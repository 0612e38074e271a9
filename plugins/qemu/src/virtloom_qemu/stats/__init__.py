"""Numbers about running guests: what the kernel says of their threads, and what their monitors say of their devices."""
