"""Emulated TPMs: one `swtpm` for each, which keeps its state below `lib/swtpm/UUID` (swtpm(8), swtpm_setup(8)).

A state that is new is made by `swtpm_setup`, with keys and certificates of its own; one that comes with the guest, in a
saved image, is made empty. With no lock held.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from virtloom.driver.constants.secret import SecretUsage
from virtloom.driver.kinds import DriverKind
from virtloom.errors import ErrorCode, ErrorDomain, VirtError, system_error
from virtloom.xmldef.document import Node
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.capabilities.tpm import CONFIG_FILES, PASSPHRASE, RECONFIGURE, Program, SwTpm
from virtloom_qemu.command.block.secrets import Wanted
from virtloom_qemu.helpers.serving import Helper
from virtloom_qemu.process.identity import Identity, can_reach, group_of, user_of
from virtloom_qemu.process.paths import NAME_MAX
from virtloom_qemu.runs.given.owners import give
from virtloom_qemu.runs.given.secrets import in_memory, values_of

if TYPE_CHECKING:
    from virtloom_qemu.helpers.helpers import Setting

MADE_FOR_IT = "tss"  # the user and group that distributions have for TPMs
SETUP_WITHIN = 60.0  # seconds that `swtpm_setup` has; it makes keys, which takes one or two
FOLDERS = {"1.2": "tpm1.2", "2.0": "tpm2"}
BANKS = ("sha1", "sha256", "sha384", "sha512")  # of registers, in the order in which they are named
CIPHER = "aes-256-cbc"


class State(NamedTuple):
    """Where one TPM's state is, and what it is of.

    :ivar folder: its files; :ivar log: of the emulator; :ivar user: whom it runs as.
    """

    folder: Path
    log: Path
    version: str
    user: Identity


def helpers_of(live: Domain, setting: Setting, stack: ExitStack) -> Iterator[Helper]:
    """The emulators of a guest's TPMs, their states made ready.

    :raises VirtError: SYSTEM_ERROR for a program that is missing, INTERNAL_ERROR if a state cannot be made.
    """
    for device in emulated(live):
        yield _helper(live, device, setting, stack)


def emulated(definition: Domain) -> Iterator[Node]:
    """The TPMs that are emulated."""
    return (one for one in definition.parts.tpms if one.value("backend", "type") == "emulator")


def state_folder(folder: Path, definition: Domain) -> Path:
    """Where the states of a guest's TPMs are.

    :param folder: the driver's, in which images are.
    """
    assert definition.uuid is not None
    return folder.parent / "swtpm" / str(UUID(bytes=definition.uuid))


def forget(folder: Path, definition: Domain, *, remove: bool = False, keep: bool = False) -> None:
    """Remove the state of the TPMs of a guest that is no more (`qemuTPMEmulatorCleanupHost`).

    :param remove: also what is to outlast the definition; :param keep: nothing.
    """
    for device in emulated(definition):
        lasts = device.value("backend", "persistent_state") == "yes"
        if remove if lasts else not keep:
            shutil.rmtree(state_folder(folder, definition), ignore_errors=True)


def _helper(live: Domain, device: Node, setting: Setting, stack: ExitStack) -> Helper:
    programs, dirs = SwTpm.installed(), setting.host.dirs
    version = device.value("backend", "version") or "1.2"
    state = State(
        state_folder(dirs.state, live) / FOLDERS[version],
        dirs.log.parent / "swtpm" / f"{live.name}-swtpm.log",
        version,
        _user(setting),
    )
    short = f"{setting.number}-{live.name[:NAME_MAX]}-swtpm"
    runtime = dirs.runtime / "swtpm"
    passphrase = _passphrase(device, setting)
    _make_ready(state, runtime, setting.guest)
    _make(live, state, programs, setting, passphrase, _banks(device))
    socket = runtime / f"{short}.sock"
    socket.unlink(missing_ok=True)
    argv = [programs.swtpm.path, "socket", "--ctrl", f"type=unixio,path={socket},mode=0600"]
    argv += ["--tpmstate", f"dir={state.folder},mode=0600", "--log", f"file={state.log}", "--terminate"]
    argv += ["--tpm2"] if version == "2.0" else []
    fds: list[int] = []
    if passphrase is not None:
        for option in ("--key", "--migration-key"):
            fds.append(_in_memory(passphrase, stack))
            argv += [option, f"pwdfd={fds[-1]},mode={CIPHER}"]
    alias = device.value("alias", "name") or "tpm0"
    return Helper(
        alias=alias,
        name="swtpm",
        title="TPM Emulator",
        argv=argv,
        mark=f"{setting.paths.folder}/{alias}",
        pid_file=runtime / f"{short}.pid",
        log=state.log,
        socket=socket,
        fds=fds,
        identity=None if state.user == Identity.own() else state.user,
    )


def _user(setting: Setting) -> Identity:
    """Whom emulators run as: the configured user, or the one that is there for it, or root.

    :raises VirtError: INVALID_ARG for a user or a group that there is not.
    """
    settings = setting.settings
    if os.geteuid() != 0:
        return Identity.own()
    if settings.swtpm_user:
        return Identity(user_of(settings.swtpm_user), group_of(settings.swtpm_group or settings.swtpm_user))
    try:
        found = Identity(user_of(MADE_FOR_IT), group_of(settings.swtpm_group or MADE_FOR_IT))
    except VirtError:
        return Identity.own()
    dirs = setting.host.dirs
    return found if can_reach(found, dirs.state.parent) and can_reach(found, dirs.runtime) else Identity.own()


def _make_ready(state: State, runtime: Path, guest: Identity) -> None:
    """Make the folders of a state, of its log and of its socket (`qemuTPMEmulatorPrepareHost`)."""
    try:
        state.log.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        give(str(state.log.parent), state.user)
        state.log.touch(mode=0o644)
        give(str(state.log), state.user)
        runtime.mkdir(parents=True, exist_ok=True, mode=0o770)
        runtime.chmod(0o770)
        give(str(runtime), Identity(guest.user, state.user.group))
    except OSError as error:
        raise system_error(error, f"Could not create TPM directory {runtime}", ErrorDomain.NONE) from error


def _make(
    live: Domain, state: State, programs: SwTpm, setting: Setting, passphrase: bytes | None, banks: list[str]
) -> None:
    """Make a state if there is none, or change the banks of the one that there is.

    :raises VirtError: INTERNAL_ERROR; what was new is gone then.
    """
    program, tool = programs.setup.path, Tool(programs.setup, state, setting, passphrase)
    new = not state.folder.exists()
    try:
        for above in (state.folder.parent.parent, state.folder.parent):
            above.mkdir(parents=True, exist_ok=True)
            above.chmod(0o711)  # anybody may go through it
        state.folder.mkdir(mode=0o700, exist_ok=True)
        give(str(state.folder), state.user)
        for path in state.folder.iterdir():
            give(str(path), state.user)
        if new and not setting.incoming and programs.setup.can(CONFIG_FILES) and os.geteuid() != 0:
            tool.run("--create-config-files", "skip-if-exist", plain=True)
        if new and setting.incoming:
            tool.run("--tpm-state", str(state.folder), "--overwrite")
        elif new:
            assert live.uuid is not None
            name = f"{live.name}:{UUID(bytes=live.uuid)}"
            tool.run("--tpm-state", str(state.folder), "--vmid", name, "--logfile", str(state.log), "--createek",
                     "--create-ek-cert", "--create-platform-cert", "--lock-nvram", "--not-overwrite")  # fmt: skip
        if banks and state.version == "2.0" and not setting.incoming and programs.setup.can(RECONFIGURE):
            tool.what = f"{program} --reconfigure"
            tool.run("--tpm-state", str(state.folder), "--logfile", str(state.log), "--pcr-banks", ",".join(banks),
                     "--reconfigure")  # fmt: skip
    except BaseException as error:
        if new:
            shutil.rmtree(state.folder.parent, ignore_errors=True)
        if isinstance(error, OSError):
            detail = f"Could not create directory {state.folder} as {state.user.user}:{state.user.group}"
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE) from error
        raise


class Tool:
    """`swtpm_setup` for one state.

    :ivar what: what errors call it.
    """

    def __init__(self, program: Program, state: State, setting: Setting, passphrase: bytes | None) -> None:
        self.what = program.path
        self._program, self._state, self._setting, self._passphrase = program, state, setting, passphrase

    def run(self, *words: str, plain: bool = False) -> None:
        """Run it to its end.

        :param plain: whether it is not about the state.
        :raises VirtError: INTERNAL_ERROR if it fails, ARGUMENT_UNSUPPORTED if it knows no passphrases.
        """
        state, user = self._state, self._state.user
        with ExitStack() as stack:
            argv, fds = [self._program.path], []
            argv += ["--tpm2"] if state.version == "2.0" and not plain else []
            if self._passphrase is not None and not plain:
                if not self._program.can(PASSPHRASE):
                    detail = f"{self._program.path} does not support passing a passphrase using a file descriptor"
                    raise VirtError(ErrorCode.ARGUMENT_UNSUPPORTED, detail, ErrorDomain.NONE)
                fds.append(_in_memory(self._passphrase, stack))
                argv += ["--pwdfile-fd", str(fds[0]), "--cipher", CIPHER]
            done = self._setting.host.run(
                [*argv, *words],
                deadline=SETUP_WITHIN,
                check=False,
                fds=fds,
                identity=None if user == Identity.own() else (user.user, user.group, user.groups()),
            )
        if done.status != 0:
            detail = (
                f"Could not run '{self.what}'. exitstatus: {done.status}; Check error log '{state.log}' for details."
            )
            raise VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.NONE)


def _banks(device: Node) -> list[str]:
    chosen = device.find("backend/active_pcr_banks")
    return [] if chosen is None else [bank for bank in BANKS if chosen.find(bank) is not None]


def _passphrase(device: Node, setting: Setting) -> bytes | None:
    """The value of the secret that a state is encrypted with; None if it is not.

    :raises VirtError: NO_SECRET.
    """
    encryption = device.find("backend/encryption")
    if encryption is None:
        return None
    secret = Node("secret", {"uuid": encryption.get("secret") or ""})
    driver: Any = setting.host.driver(DriverKind.SECRET)
    return values_of({"tpm": Wanted("tpm", SecretUsage.VTPM, secret)}, driver)["tpm"]


def _in_memory(passphrase: bytes, stack: ExitStack) -> int:
    descriptor = in_memory({"passphrase": passphrase})["passphrase"]
    stack.callback(os.close, descriptor)
    return descriptor
