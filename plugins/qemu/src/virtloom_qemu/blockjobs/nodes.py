"""Block nodes that come and go while a guest runs, and jobs of QEMU's that are waited for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.command.block.nodes import Props
from virtloom_qemu.runs.talk import Talk
from virtloom_qemu.storage.layers import Layer

FIRST_PAUSE, LONGEST_PAUSE = 0.01, 0.2  # seconds between two questions
CREATE_WITHIN = 300.0  # seconds for an image to be made


def attach(talk: Talk, nodes: Sequence[Props]) -> None:
    """Have a guest open images, all or none.

    :param nodes: what is behind comes first.
    :raises VirtError: if one cannot be opened.
    """
    added: list[str] = []
    try:
        for props in nodes:
            talk.monitor.execute("blockdev-add", props)
            added.append(str(props["node-name"]))
    except BaseException:
        for name in reversed(added):
            talk.tries("blockdev-del", node_name=name)
        raise


def detach(talk: Talk, layers: Iterable[Layer]) -> None:
    """Have a guest close images that nothing uses any more, the uppermost first; what is still in use stays."""
    for layer in layers:
        talk.tries("blockdev-del", node_name=layer.node)
        for kind in ("slice-sto", "storage"):
            talk.tries("blockdev-del", node_name=f"libvirt-{layer.number}-{kind}")
        if layer.source.find("encryption") is not None:
            talk.tries("object-del", id=f"{layer.node}-encryption-secret0")


def create(talk: Talk, node: str, options: Props) -> None:
    """Have QEMU make an image (`blockdev-create`), and wait for it.

    :param node: the node that it is for, which names the job.
    :raises VirtError: OPERATION_FAILED if it cannot be made.
    """
    name = f"create-{node}"
    talk.ask("blockdev-create", job_id=name, options=options)
    error = wait(talk, name, CREATE_WITHIN).get("error")
    talk.tries("job-dismiss", id=name)
    if error is not None:
        raise VirtError(ErrorCode.OPERATION_FAILED, f"failed to format image: '{error}'")


def job_status(talk: Talk, name: str) -> dict[str, Any]:
    """What `query-jobs` says of a job; {} if there is none."""
    told: list[dict[str, Any]] = talk.ask("query-jobs")
    return next((one for one in told if one["id"] == name), {})


def wait(talk: Talk, name: str, within: float, until: Iterable[str] = ()) -> dict[str, Any]:
    """Wait until a job of QEMU's has concluded; what it says of itself then, {} if it is no more.

    :param within: seconds; :param until: other states (QEMU's `JobStatus`) that are waited for as well.
    :raises VirtError: OPERATION_TIMEOUT.
    """
    deadline, pause = time.monotonic() + within, FIRST_PAUSE
    over = ("concluded", *until)
    while (told := job_status(talk, name)).get("status", "concluded") not in over:
        talk.job.check()
        if time.monotonic() > deadline:
            detail = f"block job '{name}' did not end within {within:g} s"
            raise VirtError(ErrorCode.OPERATION_TIMEOUT, detail)
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    return told
