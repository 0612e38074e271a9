"""Images that a server has: what each protocol is told (`qemuBlockStorageSourceGetBackendProps`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.command.block.image import Image
from virtloom_qemu.command.line import CommandLine, given
from virtloom_qemu.command.values import positive, switch

Props = dict[str, Any]
CERTIFICATES = "/etc/pki/qemu"  # qemu.conf's nbd_tls_x509_cert_dir
PORTS = {
    "nbd": "10809", "rbd": "6789", "gluster": "24007", "iscsi": "3260", "sheepdog": "7000", "ssh": "22",
    "http": "80", "https": "443", "ftp": "21", "ftps": "990", "tftp": "69",
}  # fmt: skip


def protocol(image: Image) -> Props:
    """The properties of an image on a server.

    :raises VirtError: INTERNAL_ERROR for more servers than the protocol can use.
    """
    name = image.source.get("protocol") or ""
    build = PROTOCOLS.get(name)
    if build is None:
        detail = f"unsupported disk protocol '{name}'"
        raise VirtError(ErrorCode.CONFIG_UNSUPPORTED, detail, ErrorDomain.QEMU)
    return given({"driver": name, **build(image)})


def _hosts(image: Image) -> list[Node]:
    return list(image.source.all("host"))


def _host(image: Image) -> Node:
    hosts = _hosts(image)
    if len(hosts) != 1:
        name = image.source.get("protocol")
        detail = f"protocol '{name}' accepts only one host"
        raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.QEMU)
    return hosts[0]


def _port(image: Image, host: Node) -> str:
    return host.get("port") or PORTS.get(image.source.get("protocol") or "", "0")


def _inet(image: Image, host: Node) -> Props:
    return {"host": host.get("name"), "port": _port(image, host)}


def _socket(image: Image, host: Node) -> Props:
    if host.get("transport") == "unix":
        return {"type": "unix", "path": host.get("socket")}
    return {"type": "inet", **_inet(image, host)}


def secret_of(image: Image) -> str | None:
    """The name of the secret that a server wants, or None."""
    return None if image.auth is None else f"{image.storage_node}-auth-secret0"


def _user(image: Image) -> str | None:
    return None if image.auth is None else image.auth.get("username")


def _tls(image: Image) -> str | None:
    return f"objlibvirt-{image.index}-storage_tls0" if image.source.get("tls") == "yes" else None


def add_credentials(line: CommandLine, image: Image) -> None:
    """Add the certificates that connections to the servers of an image and of those behind it are made with."""
    for one in image.chain():
        name = _tls(one)
        if name is not None and one.type == "network":
            line.object("tls-creds-x509", name, {"dir": CERTIFICATES, "endpoint": "client", "verify-peer": True})


def _nbd(image: Image) -> Props:
    return {
        "server": _socket(image, _host(image)),
        "export": image.source.get("name"),
        "tls-creds": _tls(image),
        "tls-hostname": image.source.get("tlsHostname"),
    }


def _rbd(image: Image) -> Props:
    pool, _, name = (image.source.get("name") or "").partition("/")
    servers = [_inet(image, host) for host in _hosts(image)]
    encryption = None
    if image.encryption is not None and image.encryption.get("engine") == "librbd":
        secret = f"{image.format_node}-encryption-secret0"
        encryption = {"format": image.encryption.get("format"), "key-secret": secret}
    snapshot, config = image.source.find("snapshot"), image.source.find("config")
    return {
        "pool": pool,
        "image": name,
        "snapshot": snapshot.get("name") if snapshot is not None else None,
        "conf": config.get("file") if config is not None else None,
        "server": servers or None,
        "encrypt": encryption,
        "user": _user(image),
        "auth-client-required": ["cephx", "none"] if image.auth is not None else None,
        "key-secret": secret_of(image),
    }


def _gluster(image: Image) -> Props:
    volume, _, path = (image.source.get("name") or "").partition("/")
    servers = [_socket(image, host) for host in _hosts(image)]
    return {"volume": volume, "path": path, "server": servers, "debug": 4}


def _iscsi(image: Image) -> Props:
    host = _host(image)
    name = host.get("name") or ""
    target, _, lun = (image.source.get("name") or "").partition("/")
    initiator = image.source.find("initiator/iqn")
    return {
        "portal": f"{f'[{name}]' if ':' in name else name}:{_port(image, host)}",
        "target": target,
        "lun": int(lun or 0),
        "transport": "tcp",
        "user": _user(image),
        "password-secret": secret_of(image),
        "initiator-name": initiator.get("name") if initiator is not None else None,
    }


def _web(image: Image) -> Props:
    host = _host(image)
    path = quote(image.source.get("name") or "", safe="/%:@!$&'()*+,;=~")
    query = image.source.get("query")
    url = f"{image.source.get('protocol')}://{host.get('name')}:{_port(image, host)}"
    url += f"{'' if path.startswith('/') else '/'}{path}{'' if query is None else '?' + query}"
    cookies = image.source.find("cookies")
    return {
        "url": url,
        "username": _user(image),
        "password-secret": secret_of(image),
        "sslverify": switch(image.source.value("ssl", "verify")),
        "cookie-secret": None if cookies is None else f"{image.storage_node}-httpcookie-secret0",
        "timeout": positive(image.source.find("timeout"), "seconds"),
        "readahead": positive(image.source.find("readahead"), "size"),
    }


def _ssh(image: Image) -> Props:
    known = image.source.find("knownHosts")
    user = _user(image) or (image.source.value("identity", "username") if known is not None else None)
    return {"path": image.source.get("name"), "server": _inet(image, _host(image)), "user": user}


def _sheepdog(image: Image) -> Props:
    return {"server": _socket(image, _host(image)), "vdi": image.source.get("name")}


def _nfs(image: Image) -> Props:
    identity = image.source.find("identity")
    server = {"host": _host(image).get("name"), "type": "inet"}
    return {
        "server": server,
        "path": image.source.get("name"),
        "user": positive(identity, "user"),
        "group": positive(identity, "group"),
    }


PROTOCOLS: dict[str, Callable[[Image], Props]] = {
    "nbd": _nbd,
    "rbd": _rbd,
    "gluster": _gluster,
    "iscsi": _iscsi,
    "ssh": _ssh,
    "sheepdog": _sheepdog,
    "nfs": _nfs,
    **dict.fromkeys(("http", "https", "ftp", "ftps", "tftp"), _web),
}
