"""What headers say, of images that qemu-img made and of bytes that nobody did."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemons import needs
from virtloom.driver.images import NoImage, look, read_header
from virtloom.driver.images.headers import MAGICS, Magic

MIB = 1 << 20


def qemu_img(*words: object) -> None:
    needs("qemu-img", "qemu-utils")
    subprocess.run(["qemu-img", *map(str, words)], check=True, capture_output=True)


@pytest.mark.parametrize("form", ["qcow2", "qed", "vmdk", "vdi", "raw"])
def test_the_format_and_the_size_of_a_new_image(tmp_path: Path, form: str) -> None:
    qemu_img("create", "-f", form, tmp_path / "i", "3M")
    found = look(str(tmp_path / "i"))
    assert (found.header.format, found.capacity, found.header.backing) == (form, 3 * MIB, None)


@pytest.mark.parametrize(("form", "options"), [("qcow2", "compat=0.10"), ("qcow2", "compat=1.1"), ("qed", "")])
def test_the_image_behind_an_image(tmp_path: Path, form: str, options: str) -> None:
    qemu_img("create", "-f", "raw", tmp_path / "base", "1M")
    more = ["-o", options] if options else []
    qemu_img("create", "-f", form, "-F", "raw", "-b", tmp_path / "base", *more, tmp_path / "i")
    header = look(str(tmp_path / "i")).header
    assert header.backing == str(tmp_path / "base")
    assert header.backing_format == ("raw" if form == "qcow2" else None)


def test_data_in_another_file_is_told(tmp_path: Path) -> None:
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={tmp_path}/d", tmp_path / "i", "1M")
    assert look(str(tmp_path / "i")).header.names_data_file


def test_what_would_hold_its_reader_is_no_image(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("fifo", "dangling"):
        with pytest.raises(NoImage):
            look(str(tmp_path / name))
    with pytest.raises(FileNotFoundError):
        look(str(tmp_path / "absent"))


@given(st.sampled_from(MAGICS), st.binary(max_size=200))
def test_torn_headers_are_read_without_harm(magic: Magic, noise: bytes) -> None:
    start = bytes(magic.at) + magic.magic
    header = read_header(start + noise)
    assert header.backing is None or len(header.backing) <= 1023
