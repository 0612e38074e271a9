"""A real guest's screen and keyboard, by virsh."""

from __future__ import annotations

import queue
import subprocess
import threading
from typing import Any

from daemons import eventually

VIDEO = "<graphics type='vnc' autoport='yes'/><video><model type='vga'/></video>"


def test_a_picture_is_taken_and_keys_are_pressed(host: Any) -> None:
    virsh, picture = host.virsh, host.root / "picture.png"
    host.virsh("create", host.write("g", devices=VIDEO))
    assert "type of image/png" in virsh("screenshot", "g", str(picture))
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "no such screen ID" in virsh.fails("screenshot", "g", str(picture), "--screen", "3")
    virsh("send-key", "g", "KEY_LEFTCTRL", "KEY_LEFTALT", "KEY_DELETE")
    virsh("send-key", "g", "--codeset", "usb", "--holdtime", "100", "40")
    assert "cannot translate keycode" in virsh.fails("send-key", "g", "--codeset", "usb", "9999")
    folder = next((host.root / "lib" / "qemu").glob("domain-*"))
    assert not list(folder.glob("qemu.screendump.*"))


def test_a_guest_without_a_screen_has_no_picture(host: Any) -> None:
    host.virsh("create", host.write("g"))
    assert "no screens to take screenshot from" in host.virsh.fails("screenshot", "g", str(host.root / "x"))


def test_the_events_of_a_monitor_reach_who_asks_for_them(host: Any) -> None:
    host.virsh("create", host.write("g"))
    words = ["-c", host.virsh.uri, "qemu-monitor-event", "g", "--event", "res", "--regex", "--no-case", "--loop"]
    listening = subprocess.Popen(["virsh", *words], stdout=subprocess.PIPE, text=True)
    told = queue.SimpleQueue()  # type: ignore[var-annotated]
    assert listening.stdout is not None
    threading.Thread(target=lambda: [told.put(line) for line in listening.stdout or ()], daemon=True).start()

    def heard() -> bool:
        host.virsh("suspend", "g")
        host.virsh("resume", "g")
        return not told.empty()

    eventually(heard, "an event of the monitor")
    listening.kill()
    line = told.get(timeout=20)
    assert line.startswith("event RESUME")
