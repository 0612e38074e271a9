"""What is measured, a module each: `measure(tell, only)` tells its rows as they come."""
