"""Time, as the played hosts have it: a clock that can be stopped and moved, and work that takes its time."""
