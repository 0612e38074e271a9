"""virsh saves real guests and brings them back, with what a restore may be told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemons import eventually

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


def test_a_guest_that_stays_paused_is_dumped_and_saved_again_and_again(host: Any) -> None:
    """QEMU takes no state out a second time unless the processors have run; nobody sees that they do."""
    virsh = host.virsh
    virsh("define", host.write("g"))
    virsh("start", "g", "--paused")
    with host.events("g") as seen:
        for number in range(2):
            virsh("dump", "g", f"{host.root}/core{number}")
        virsh("save", "g", f"{host.root}/image")
        eventually(lambda: "Stopped" in seen(), "the end to be told")
        assert "Resumed" not in seen()
    virsh("restore", f"{host.root}/image")
    assert virsh("domstate", "g", "--reason") == "paused (migrating)"
