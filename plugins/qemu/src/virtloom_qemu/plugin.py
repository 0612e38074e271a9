"""The plugin: what it declares, and how it starts."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from virtloom.driver import API_VERSION, ConfigKey, DriverDeclaration, DriverHost, DriverKind, hookimpl
from virtloom_qemu import object_types
from virtloom_qemu.settings import Settings

if TYPE_CHECKING:
    from virtloom_qemu.driver import QemuDriver

VERSION = "0.1.0"
DEFAULTS = Settings()
CONFIG = tuple(
    ConfigKey(name, getattr(DEFAULTS, name), text)
    for name, text in (
        ("vnc_listen", "where VNC displays listen that do not say"),
        ("vnc_tls", "whether VNC displays are encrypted"),
        ("spice_listen", "where SPICE displays listen that do not say"),
        ("spice_tls", "whether SPICE displays may be encrypted"),
        ("chardev_tls", "whether character devices over TCP are encrypted that do not say"),
        ("chardev_tls_x509_cert_dir", "their certificates; empty takes /etc/pki/libvirt-chardev or /etc/pki/qemu"),
        ("chardev_tls_x509_verify", "whether the other end of such a device must have a certificate as well"),
        ("dump_guest_core", "whether the core of a crashed QEMU has its guest's memory"),
        ("set_process_name", "whether QEMU's process is called after its guest"),
        ("seccomp_sandbox", "whether QEMU may only make the system calls that it needs"),
        ("log_timestamp", "whether lines of QEMU's log begin with the time"),
        ("firmware_folders", "where installed firmware is described, nearest first"),
        ("vhost_user_folders", "where programs are described that serve devices, nearest first"),
        ("auto_dump_path", "where cores go that on_crash or a watchdog asks for; empty for its own folder"),
        ("save_image_format", "how saved guests are compressed: raw, gzip, bzip2, xz or lzop"),
        ("user", "whom guests run as; empty takes libvirt-qemu or qemu, if it can reach the daemon's folders"),
        ("group", "the group that guests run in; empty takes the one that is called as the user"),
        ("dynamic_ownership", "whether a guest's files are given to whom it runs as"),
        ("pr_helper", "the program that asks for persistent reservations of guests' disks"),
        ("swtpm_user", "whom emulators of TPMs run as; empty takes tss, if it can reach the daemon's folders"),
        ("swtpm_group", "the group that they run in; empty takes the one that is called as the user"),
        ("remember_owner", "whether they are given back to whom they belonged to, rather than to root"),
    )
)


@hookimpl
def virtloom_declare() -> DriverDeclaration:
    """See `virtloom.driver.hookspecs`."""
    return DriverDeclaration(
        "qemu",
        VERSION,
        API_VERSION,
        DriverKind.HYPERVISOR,
        schemes=("qemu",),
        object_types=object_types.ALL,
        config=CONFIG,
        default_uris=_default_uris(),
        default_rank=10,
    )


def _default_uris() -> tuple[str, ...]:
    """What an empty URI opens (`qemuConnectURIProbe`), on a host that has an emulator for its own kind of guests."""
    if shutil.which(f"qemu-system-{os.uname().machine}") is None:
        return ()
    uris = ("qemu:///system", "qemu:///session")
    return uris if os.geteuid() == 0 else uris[::-1]


@hookimpl
def virtloom_start(host: DriverHost) -> QemuDriver:
    """See `virtloom.driver.hookspecs`."""
    from virtloom_qemu.driver import QemuDriver

    return QemuDriver(host)
