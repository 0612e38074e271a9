"""The remote program: libvirt's public API as procedures (`remote_protocol.x`)."""

from virtloom.wire.programs import Program
from virtloom.wire.remote.procedures import (
    connect,
    domain,
    domain_block,
    domain_events,
    domain_guest,
    domain_state,
    domain_tuning,
    events,
    interface,
    migration,
    network,
    node,
    node_device,
    nwfilter,
    secret,
    snapshot,
    storage,
)

PROGRAM = Program(
    "REMOTE",
    0x20008086,
    1,
    [
        *connect.PROCEDURES,
        *domain.PROCEDURES,
        *domain_block.PROCEDURES,
        *domain_events.PROCEDURES,
        *domain_guest.PROCEDURES,
        *domain_state.PROCEDURES,
        *domain_tuning.PROCEDURES,
        *events.PROCEDURES,
        *interface.PROCEDURES,
        *migration.PROCEDURES,
        *network.PROCEDURES,
        *node.PROCEDURES,
        *node_device.PROCEDURES,
        *nwfilter.PROCEDURES,
        *secret.PROCEDURES,
        *snapshot.PROCEDURES,
        *storage.PROCEDURES,
    ],
)
