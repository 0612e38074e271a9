"""The variables of a guest's UEFI: a file of the guest's own, which begins as a copy (`qemuPrepareNVRAM`)."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.firmware.choosing import variables_file

TEMPLATES = {  # for firmware that nobody describes
    "/usr/share/OVMF/OVMF_CODE.fd": "/usr/share/OVMF/OVMF_VARS.fd",
    "/usr/share/OVMF/OVMF_CODE.secboot.fd": "/usr/share/OVMF/OVMF_VARS.fd",
    "/usr/share/AAVMF/AAVMF_CODE.fd": "/usr/share/AAVMF/AAVMF_VARS.fd",
    "/usr/share/AAVMF/AAVMF32_CODE.fd": "/usr/share/AAVMF/AAVMF32_VARS.fd",
}


def make_variables(live: Domain, *, reset: bool) -> None:
    """Make the file of a guest's variables, if it has none yet or they are to begin anew.

    Guarantees: the file is the whole copy or what it was before.

    :param live: the definition that is run; its firmware is chosen.
    :raises VirtError: OPERATION_FAILED if nothing says what they begin as; SYSTEM_ERROR.
    """
    node = live.node()
    loader, nvram = node.find("os/loader"), node.find("os/nvram")
    if loader is None or nvram is None or nvram.get("type") not in (None, "file"):
        return
    path = Path(variables_file(nvram))
    if path.exists() and not reset:
        return
    code = loader.text.strip()
    template = nvram.get("template") or TEMPLATES.get(code)
    if template is None:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"unable to find any master var store for loader: {code}")
    try:
        content = Path(template).read_bytes()
    except OSError as error:
        raise system_error(error, f"Failed to open file '{template}'") from error
    try:
        _replace(path, content)
    except OSError as error:
        raise system_error(error, f"cannot create file '{path}'") from error


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, made = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(made).replace(path)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise
