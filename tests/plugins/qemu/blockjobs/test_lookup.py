"""Images are found by place, by path, and by the names that images have for one another."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from daemons import needs
from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef.document import Node
from virtloom_qemu.blockjobs.lookup import look_up, relative_path
from virtloom_qemu.storage.layers import Chain, Layer


def chain(*paths: str) -> Chain:
    layers = (Layer("file", "qcow2", Node("source", {"file": path}), number) for number, path in enumerate(paths, 1))
    return Chain(tuple(layers), ended=True)


CHAIN = chain("/images/c", "/images/b", "/images/a")


@pytest.mark.parametrize(
    ("name", "beneath", "place"),
    [("/images/b", None, 1), ("vda[3]", 0, 2), ("vda[1]", None, 0), (None, 0, 2), (None, None, 2)],
)
def test_an_image_is_found(name: str | None, beneath: int | None, place: int) -> None:
    assert look_up(CHAIN, "vda", name, beneath) == place


@pytest.mark.parametrize(
    ("name", "beneath", "told"),
    [
        ("vda[9]", None, "could not find backing store index '9' in chain for 'vda'"),
        ("vdb[2]", None, "requested target 'vdb' does not match target 'vda'"),
        ("/images/x", None, "could not find image '/images/x' in chain for 'vda'"),
        ("/images/c", 0, "could not find image '/images/c' beneath '/images/c' in chain for 'vda'"),
    ],
)
def test_what_is_not_there_is_said_in_libvirts_words(name: str, beneath: int | None, told: str) -> None:
    with pytest.raises(VirtError) as caught:
        look_up(CHAIN, "vda", name, beneath)
    assert caught.value.code is ErrorCode.INVALID_ARG
    assert told in caught.value.message


def test_relative_names_are_followed_and_joined(tmp_path: Path) -> None:
    needs("qemu-img", "qemu-utils")
    (tmp_path / "deep").mkdir()
    paths = [tmp_path / "c", tmp_path / "b", tmp_path / "deep" / "a"]
    names = ["b", "deep/a"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(paths[2]), "1M"], check=True)
    for path, backing in zip(reversed(paths[:2]), reversed(names), strict=True):
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", backing, str(path)], check=True)
    found = chain(*(str(path) for path in paths))
    assert look_up(found, "vda", "b") == 1
    assert relative_path(found, 1, 2) == "deep/a"
    with pytest.raises(VirtError, match="can't keep relative backing relationship"):
        relative_path(found, 0, 2)
