"""What drivers of domains have in common: a domain's state, how it is found and changed, metadata, snapshots.

A driver derives its own base from `Domains` and mixes in the calls that it answers as all drivers do.
"""

from virtloom.driver.domains.addresses import DomainAddresses
from virtloom.driver.domains.base import Domains
from virtloom.driver.domains.bulk import DomainBulkStats
from virtloom.driver.domains.kept import KeptDomains
from virtloom.driver.domains.lookup import DomainLookup
from virtloom.driver.domains.metadata import DomainMetadata
from virtloom.driver.domains.state import DomainState, View

__all__ = [
    "DomainAddresses",
    "DomainBulkStats",
    "DomainLookup",
    "DomainMetadata",
    "DomainState",
    "Domains",
    "KeptDomains",
    "View",
]
