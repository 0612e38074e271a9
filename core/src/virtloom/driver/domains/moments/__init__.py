"""Moments of a domain, which are its snapshots and checkpoints.

`forest` has what both have in common, `snapshots` the documents of snapshots, `disks` where a snapshot keeps each disk,
`redefining` what may take the place of a snapshot that is there.
"""

from virtloom.driver.domains.moments.forest import NONE, Moment, Moments, already_exists, moment_node, parse_moment

__all__ = ["NONE", "Moment", "Moments", "already_exists", "moment_node", "parse_moment"]
