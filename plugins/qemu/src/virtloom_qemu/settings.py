"""The driver's settings, as `[driver.qemu]` has them; names and defaults are those of qemu.conf."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

CHARDEV_CERTIFICATES = ("/etc/pki/libvirt-chardev", "/etc/pki/qemu")  # the first that is there


@dataclass(frozen=True)
class Settings:
    """Settings that the definitions and the command line of guests depend on.

    :ivar vnc_listen: where displays listen that do not say; :ivar spice_listen: the same for SPICE.
    :ivar spice_tls: whether SPICE may be encrypted.
    :ivar chardev_tls: whether character devices over TCP are encrypted that do not say; the settings that begin so tell
        where the certificates are (empty: `CHARDEV_CERTIFICATES`) and whether the other end must have one as well.
    :ivar dump_guest_core: whether a crash's core has the guest's memory.
    :ivar set_process_name: whether QEMU's process is called after its guest.
    :ivar seccomp_sandbox: whether QEMU may only make the system calls that it needs.
    :ivar log_timestamp: whether lines of its log begin with the time.
    :ivar firmware_folders: where installed firmware is described (QEMU's docs/interop/firmware.json), nearest first.
    :ivar vhost_user_folders: where programs are described that serve devices (docs/interop/vhost-user.json).
    :ivar save_image_format: how saved guests are compressed: `raw`, `gzip`, `bzip2`, `xz` or `lzop`.
    :ivar auto_dump_path: where cores go that a crash asks for; empty is `dump` in the driver's folder.
    :ivar user: group: whom guests run as; empty chooses a user that is there for it (`process.identity`).
    :ivar dynamic_ownership: whether files are given to it; :ivar remember_owner: and given back to whom they were.
    :ivar pr_helper: the program that asks for persistent reservations of guests' disks.
    :ivar swtpm_user: swtpm_group: whom emulators of TPMs run as; empty takes `tss`, if it can reach their files.
    """

    vnc_listen: str = "127.0.0.1"
    spice_listen: str = "127.0.0.1"
    vnc_tls: bool = False
    spice_tls: bool = False
    chardev_tls: bool = False
    chardev_tls_x509_cert_dir: str = ""
    chardev_tls_x509_verify: bool = True
    dump_guest_core: bool = False
    set_process_name: bool = False
    seccomp_sandbox: bool = True
    log_timestamp: bool = True
    firmware_folders: Sequence[str] = field(default_factory=lambda: ["/etc/qemu/firmware", "/usr/share/qemu/firmware"])
    vhost_user_folders: Sequence[str] = field(
        default_factory=lambda: ["/etc/qemu/vhost-user", "/usr/share/qemu/vhost-user"]
    )
    save_image_format: str = "raw"
    auto_dump_path: str = ""
    user: str = ""
    group: str = ""
    dynamic_ownership: bool = True
    remember_owner: bool = True
    pr_helper: str = "/usr/bin/qemu-pr-helper"
    swtpm_user: str = ""
    swtpm_group: str = ""

    @property
    def chardev_certificates(self) -> str:
        """Where the certificates for character devices are (`chardev_tls_x509_cert_dir`)."""
        own, shared = CHARDEV_CERTIFICATES
        return self.chardev_tls_x509_cert_dir or (own if os.path.isdir(own) else shared)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Settings:
        """The settings that a configuration has; what it lacks keeps its default."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in config.items() if name in known})
