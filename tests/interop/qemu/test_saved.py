"""virsh saves real guests and brings them back, with what a restore may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

SECTORS = 64 << 10  # bytes


@pytest.fixture
def variables(host: Any) -> Path:
    """The variables of a guest `g` with a firmware of its own, which was started and has never run a step."""
    code, template, kept = (host.root / name for name in ("code.fd", "template.fd", "kept.fd"))
    code.write_bytes(bytes(SECTORS))
    template.write_bytes(b"t" * SECTORS)
    flash = f"<loader readonly='yes' type='pflash'>{code}</loader><nvram template='{template}'>{kept}</nvram>"
    host.virsh("define", host.write("g", os=flash))
    host.virsh("start", "g", "--paused")
    assert kept.read_bytes() == template.read_bytes()
    return Path(kept)


def test_variables_begin_anew_when_a_restore_is_told_so(host: Any, variables: Path) -> None:
    virsh, fresh = host.virsh, variables.read_bytes()
    for reset, want in ((), b"k"), (("--reset-nvram",), fresh[:1]):
        virsh("save", "g", f"{host.root}/image")
        variables.write_bytes(b"k" * SECTORS)
        virsh("restore", f"{host.root}/image", "--paused", *reset)
        assert variables.read_bytes() == want * SECTORS


def test_variables_begin_anew_when_a_start_from_a_managed_save_is_told_so(host: Any, variables: Path) -> None:
    virsh, fresh = host.virsh, variables.read_bytes()
    virsh("managedsave", "g")
    variables.write_bytes(b"k" * SECTORS)
    virsh("start", "g", "--paused", "--reset-nvram")
    assert variables.read_bytes() == fresh
