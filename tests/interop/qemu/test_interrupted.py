"""The daemon is killed in the middle of long work on a guest: what the next one makes of it, by the kind of work."""

from __future__ import annotations

import os
import threading
from typing import Any

from daemons import eventually


def test_a_dump_of_memory_goes_on_and_the_guest_at_its_end(host: Any) -> None:
    virsh, pipe = host.virsh, host.root / "core"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    virsh("define", host.write("g"))
    virsh("start", "g")
    dumping = threading.Thread(target=virsh.run, args=("dump", "g", str(pipe), "--memory-only"))
    dumping.start()
    eventually(lambda: virsh("domstate", "g") == "paused", "the dump to begin")
    eventually(lambda: "Dump" in virsh("domjobinfo", "g"), "the dump to be told of")
    host.crash()
    dumping.join(30)
    assert virsh("domstate", "g") == "paused"
    os.set_blocking(reader, True)
    while os.read(reader, 1 << 20):
        pass
    os.close(reader)
    eventually(lambda: virsh("domstate", "g", "--reason") == "running (unpaused)", "the guest to go on")


def test_a_save_is_given_up_and_the_guest_goes_on(slow: Any) -> None:
    virsh, path = slow.virsh, slow.root / "saved"
    saving = threading.Thread(target=virsh.run, args=("save", "g", str(path)))
    saving.start()
    eventually(lambda: "Operation:        Save" in virsh("domjobinfo", "g"), "the save to begin")
    eventually(lambda: '"state": 3' in (slow.root / "run" / "qemu" / "g.json").read_text(), "the pause to be kept")
    slow.crash()
    (slow.root / "go").touch()  # a compressor that reads nothing keeps QEMU from giving up
    saving.join(30)
    eventually(lambda: virsh("domstate", "g", "--reason") == "running (save canceled)", "the guest to go on again")
    assert "incomplete" in virsh.fails("restore", str(path))
    virsh("suspend", "g")
    virsh("save", "g", str(slow.root / "again"))
