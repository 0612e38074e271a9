"""A container's root and what is mounted below it: looked into before anything is started, and undone after a run."""
