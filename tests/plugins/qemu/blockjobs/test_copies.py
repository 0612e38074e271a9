"""How the image of a copy is made, for a QEMU that is played."""

from __future__ import annotations

from typing import Any

import pytest
from emulated import guest

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.blockjobs.copies import destination_of, open_copy, prepare_copy, secrets_of

UUID = "e0e0e0e0-0003-4000-8000-000000000001"
DISK = "<disk><driver name='qemu' type='qcow2'/><source file='/a'/><target dev='vda'/></disk>"
COPY = """<disk type='file'><driver type='{form}'/><source file='{path}'>
<encryption format='{cipher}'><secret type='passphrase' uuid='{uuid}'/>{more}</encryption></source></disk>"""
MORE = "<cipher name='aes' size='128' mode='xts' hash='sha512'/><ivgen name='plain64'/>"


class Talking:
    """A guest's monitor that takes everything."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.monitor = self

    def execute(self, command: str, arguments: dict[str, Any]) -> Any:
        self.told.append((command, arguments))
        return None

    def ask(self, command: str, **arguments: Any) -> Any:
        if command == "query-named-block-nodes":
            return [{"node-name": "libvirt-1-format", "image": {"virtual-size": 512}}]
        if command == "query-jobs":
            return []
        return self.execute(command, arguments)

    tries = ask


def opened(scratch: Any, form: str, cipher: str = "luks", more: str = "") -> list[tuple[str, dict[str, Any]]]:
    """What the monitor is told for a copy."""
    (disk,) = guest(DISK).parts.disks
    disk = disk.replace(source=Node("source", {"file": "/a", "index": "1"}))
    path = scratch / "copy"
    destination = destination_of(COPY.format(form=form, path=path, cipher=cipher, uuid=UUID, more=more))
    copy = prepare_copy(disk, destination, shallow=False, reuse=False).numbered(lambda: 2)
    assert list(secrets_of(disk, copy)) == ["libvirt-2-format-encryption-secret0"]
    talk: Any = Talking()
    open_copy(talk, disk, copy, dict.fromkeys(secrets_of(disk, copy), b"sesame"))
    told: list[tuple[str, dict[str, Any]]] = talk.told
    return told


@pytest.mark.parametrize(
    ("form", "made"),
    [
        (
            "qcow2",
            {"driver": "qcow2", "encrypt": {"format": "luks", "key-secret": "libvirt-2-format-encryption-secret0"}},
        ),
        ("raw", {"driver": "luks", "key-secret": "libvirt-2-format-encryption-secret0"}),
    ],
)
def test_an_encrypted_image_has_its_secret_before_it_is_made(scratch: Any, form: str, made: dict[str, Any]) -> None:
    told = opened(scratch, form)
    assert [command for command, _ in told] == [
        "object-add",
        "blockdev-add",
        "blockdev-create",
        "job-dismiss",
        "blockdev-add",
    ]
    assert told[0][1]["qom-type"] == "secret"
    options = told[2][1]["options"]
    assert made.items() <= options.items()
    assert options["size"] == 512


def test_an_image_is_encrypted_as_its_document_says(scratch: Any) -> None:
    options = opened(scratch, "raw", more=MORE)[2][1]["options"]
    assert (options["cipher-alg"], options["cipher-mode"], options["hash-alg"]) == ("aes-128", "xts", "sha512")
    assert options["ivgen-alg"] == "plain64"


def test_what_is_only_read_is_not_made(scratch: Any) -> None:
    with pytest.raises(VirtError, match="supports only 'luks' encryption") as caught:
        opened(scratch, "qcow2", cipher="qcow")
    assert caught.value.code is ErrorCode.OPERATION_UNSUPPORTED
