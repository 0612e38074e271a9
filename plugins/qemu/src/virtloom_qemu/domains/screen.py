"""A guest's screen and keyboard: a picture of the one, strokes on the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from virtloom.driver.handles import DomainHandle
from virtloom.driver.streams import BytesSource, Stream
from virtloom.errors import ErrorCode, VirtError, system_error
from virtloom.locks import JobKind
from virtloom.xmldef.domain.definition import Domain
from virtloom_qemu.domains.base import DomainsBase
from virtloom_qemu.domains.definitions import invalid
from virtloom_qemu.keys import qnum
from virtloom_qemu.runs.given.labels import identity_of
from virtloom_qemu.runs.given.owners import give

CODE_MAX = 0xFFFF
WITHIN = 30.0  # seconds for a picture


class Screen(DomainsBase):
    """The calls about screens and keyboards."""

    def domain_send_key(
        self, dom: DomainHandle, codeset: int, holdtime: int, keycodes: Sequence[int], flags: int
    ) -> None:
        """`virDomainSendKey`: keys pressed together.

        :param codeset: `virKeycodeSet`; :param holdtime: in ms, 0 for QEMU's own.
        """
        self._check_flags(flags, 0, "DomainSendKey")
        codes = [qnum(codeset, code) for code in keycodes]
        with self._talking(dom, JobKind.MODIFY) as talk:
            for place, code in enumerate(codes):
                if code > CODE_MAX:
                    raise VirtError(ErrorCode.OPERATION_FAILED, f"keycode {place} is invalid: 0x{code:X}")
            keys = [{"type": "number", "data": code} for code in codes]
            talk.ask("send-key", keys=keys, hold_time=holdtime or None)

    def domain_screenshot(self, dom: DomainHandle, screen: int, flags: int, stream: Stream) -> str:
        """`virDomainScreenshot`: the picture goes through the stream; its type is returned."""
        self._check_flags(flags, 0, "DomainScreenshot")
        with self._talking(dom, JobKind.QUERY) as talk:
            with talk.found.locked() as state:
                live = state.definition
            place = _head(live, screen)
            path = _picture_file(talk.run.paths.folder)
            try:
                give(str(path), identity_of(live, self.identity))
                alias, head = (None, None) if place is None else place
                talk.ask("screendump", timeout=WITHIN, filename=str(path), format="png", device=alias, head=head)
                picture = path.read_bytes()
            except OSError as error:
                raise VirtError(ErrorCode.OPERATION_FAILED, "unable to open stream") from error
            finally:
                with suppress(OSError):
                    path.unlink()
        stream.send_from(BytesSource(picture))
        return "image/png"


def _head(live: Domain, screen: int) -> tuple[str, int] | None:
    """The video device and the head on it of a screen by its number; None for the first one.

    :raises VirtError: OPERATION_INVALID if there is no such screen.
    """
    videos = live.parts.videos
    if not videos:
        raise invalid("no screens to take screenshot from")
    if screen == 0:
        return None
    for video in videos:
        node = video.node("video")
        heads = int(node.value("model", "heads") or 1)
        if screen < heads:
            return node.value("alias", "name") or "", screen
        screen -= heads
    raise invalid("no such screen ID")


def _picture_file(folder: Path) -> Path:
    try:
        with NamedTemporaryFile(dir=folder, prefix="qemu.screendump.", delete=False) as file:
            return Path(file.name)
    except OSError as error:
        raise system_error(error, f'g_mkstemp("{folder}/qemu.screendump.XXXXXX") failed') from error
