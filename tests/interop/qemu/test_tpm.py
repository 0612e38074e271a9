"""A guest's TPM is emulated by a process of its own, which begins and ends with the guest; its state lasts.

The emulator is a stand-in for swtpm (`programs/swtpm`), since the tests install none.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from daemons import eventually

SECRET_UUID = "e0e0e0e0-0005-4000-8000-000000000001"
SECRET = f"""<secret ephemeral='no' private='no'><uuid>{SECRET_UUID}</uuid>
<usage type='vtpm'><name>tpm</name></usage></secret>"""
TPM = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'{}>{}</backend></tpm>"


@pytest.fixture
def equipped(host: Any) -> Any:
    """A host with emulators of TPMs."""
    host.lend("swtpm", "swtpm", "swtpm_setup", "swtpm_ioctl")
    return host


def states(host: Any) -> list[Path]:
    return sorted((host.root / "lib" / "swtpm").glob("*/tpm2"))


def calls(host: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (states(host)[0] / "calls").read_text().splitlines()]


def emulator(host: Any) -> int:
    (path,) = (host.root / "run" / "qemu" / "swtpm").glob("*.pid")
    return int(path.read_text())


def runs(pid: int) -> bool:
    """Whether a process runs; one that ended, and that nobody waits for, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def nothing_is_left(host: Any) -> bool:
    return not list((host.root / "run" / "qemu" / "swtpm").iterdir())


def test_an_emulator_begins_and_ends_with_its_guest_and_its_state_is_made_once(equipped: Any) -> None:
    virsh = equipped.virsh
    virsh("define", equipped.write("t", devices=TPM.format("", "")))
    virsh("start", "t")
    pid, (made, begun) = emulator(equipped), calls(equipped)
    assert made["name"] == "swtpm_setup"
    assert {"--tpm2", "--createek", "--not-overwrite"} <= set(made["words"])
    assert begun["words"][0] == "socket"
    assert "--terminate" in begun["words"]
    assert "Starting external device: TPM Emulator" in (equipped.root / "log" / "qemu" / "t.log").read_text()
    virsh("destroy", "t")
    assert not runs(pid)
    assert nothing_is_left(equipped)
    virsh("start", "t")
    assert [call["name"] for call in calls(equipped)] == ["swtpm_setup", "swtpm", "swtpm"]
    virsh("destroy", "t")


def test_what_a_tpm_knows_goes_into_the_image_of_a_saved_guest_and_comes_back(equipped: Any) -> None:
    virsh, image = equipped.virsh, str(equipped.root / "t.save")
    virsh("define", equipped.write("t", devices=TPM.format("", "")))
    virsh("start", "t")
    (states(equipped)[0] / "state").write_text("a key")
    virsh("save", "t", image)
    shutil.rmtree(states(equipped)[0])
    virsh("restore", image)
    assert (states(equipped)[0] / "state").read_text() == "a key"
    assert "--overwrite" in calls(equipped)[0]["words"]


def test_a_new_daemon_finds_the_emulator_and_ends_it_with_its_guest(equipped: Any) -> None:
    virsh = equipped.virsh
    virsh("create", equipped.write("t", devices=TPM.format("", "")))
    pid = emulator(equipped)
    equipped.crash()
    assert runs(pid)
    virsh("destroy", "t")
    assert not runs(pid)
    assert nothing_is_left(equipped)
    assert not states(equipped)


def test_the_emulator_of_a_guest_that_died_while_no_daemon_was_there_is_ended_by_the_next(equipped: Any) -> None:
    virsh = equipped.virsh
    virsh("define", equipped.write("t", devices=TPM.format("", "")))
    virsh("start", "t")
    pid = emulator(equipped)
    equipped.daemon.process.kill()
    equipped.daemon.process.wait()
    os.kill(pid, signal.SIGSTOP)  # so that it does not end by itself, when QEMU does
    os.kill(equipped.pid("t"), signal.SIGKILL)
    equipped.crash()
    eventually(lambda: virsh("domstate", "t") == "shut off", "the guest to be found gone")
    eventually(lambda: not runs(pid) and nothing_is_left(equipped), "its emulator to end")


def test_an_emulator_that_ends_alone_is_told_of_in_the_log_and_its_guest_goes_on(equipped: Any) -> None:
    virsh = equipped.virsh
    virsh("create", equipped.write("t", devices=TPM.format("", "")))
    os.kill(emulator(equipped), signal.SIGKILL)
    eventually(
        lambda: "the helper of t's device tpm0 has ended" in equipped.daemon.log.read_text(), "a line in the log"
    )
    assert virsh("domstate", "t") == "running"
    virsh("destroy", "t")
    assert nothing_is_left(equipped)


def test_a_state_goes_with_the_definition_unless_it_is_to_last(equipped: Any) -> None:
    virsh = equipped.virsh
    for lasting, flags, lasts in (
        ("", [], False),
        ("", ["--keep-tpm"], True),
        (" persistent_state='yes'", [], True),
        (" persistent_state='yes'", ["--tpm"], False),
    ):
        virsh("define", equipped.write("t", devices=TPM.format(lasting, "")))
        virsh("start", "t")
        virsh("destroy", "t")
        assert len(states(equipped)) == 1
        virsh("undefine", "t", *flags)
        assert bool(states(equipped)) == lasts
        shutil.rmtree(equipped.root / "lib" / "swtpm")


def test_a_state_is_encrypted_with_a_secret_that_no_argument_has(equipped: Any) -> None:
    virsh = equipped.virsh
    encryption = f"<encryption secret='{SECRET_UUID}'/><active_pcr_banks><sha384/><sha256/></active_pcr_banks>"
    virsh("define", equipped.write("t", devices=TPM.format("", encryption)))
    assert f"no secret with matching uuid '{SECRET_UUID}'" in virsh.fails("start", "t")
    assert not states(equipped)
    (equipped.root / "secret.xml").write_text(SECRET)
    virsh("secret-define", str(equipped.root / "secret.xml"))
    virsh("secret-set-value", SECRET_UUID, base64.b64encode(b"sesame").decode())
    virsh("start", "t")
    made, banks, begun = calls(equipped)
    assert [one["passphrase"] for one in (made, banks, begun)] == ["sesame"] * 3
    assert "sha256,sha384" in banks["words"]
    assert "--reconfigure" in banks["words"]
    assert any(word.startswith("pwdfd=") and word.endswith("mode=aes-256-cbc") for word in begun["words"])
    assert "sesame" not in str([one["words"] for one in (made, banks, begun)])


def test_a_start_that_a_crash_cuts_off_leaves_no_emulator(equipped: Any) -> None:
    virsh, folder = equipped.virsh, equipped.root / "bin"
    virsh("define", equipped.write("t", devices=TPM.format("", "")))
    script = folder / "swtpm"  # one that listens nowhere, so that the start waits for it
    script.write_text(script.read_text().replace("listener.bind(path)", "import time; time.sleep(600)"))
    starting = subprocess.Popen(["virsh", "-c", virsh.uri, "start", "t"], stderr=subprocess.DEVNULL)
    eventually(lambda: len(list((equipped.root / "run" / "qemu" / "swtpm").glob("*.pid"))) == 1, "the emulator")
    pid = emulator(equipped)
    equipped.crash()
    starting.wait()
    eventually(lambda: not runs(pid), "the emulator to end")


def test_what_an_emulator_says_that_dies_is_the_error_of_the_start(equipped: Any) -> None:
    virsh, script = equipped.virsh, equipped.root / "bin" / "swtpm"
    virsh("define", equipped.write("t", devices=TPM.format("", "")))
    script.write_text(script.read_text().replace("listener.bind(path)", "sys.exit('no memory for keys')"))
    assert "swtpm died and reported: no memory for keys" in virsh.fails("start", "t")
    assert nothing_is_left(equipped)


def test_where_there_is_no_emulator_nothing_is_offered_and_a_kept_definition_says_what_is_missing(
    equipped: Any,
) -> None:
    virsh = equipped.virsh
    virsh("define", equipped.write("t", devices=TPM.format("", "")))
    assert "<value>emulator</value>" in virsh("domcapabilities")
    (equipped.root / "bin" / "swtpm_setup").unlink()
    if shutil.which("swtpm_setup"):
        pytest.skip("this host has one of its own")
    assert "<value>emulator</value>" not in virsh("domcapabilities")
    assert "Unable to find 'swtpm_setup' binary in $PATH" in virsh.fails("start", "t")
    assert "TPM version '2.0' is not supported" in virsh.fails(
        "define", equipped.write("u", devices=TPM.format("", ""))
    )
