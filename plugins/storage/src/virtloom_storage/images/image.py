"""Images that qemu-img makes: empty, copied, encrypted, and given another size."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from virtloom.driver.work.lanes import Pulse
from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.pool import Pool
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.storage.volume import Volume
from virtloom_storage.context import Context
from virtloom_storage.images import qemu_img
from virtloom_storage.images.chain import check_chain
from virtloom_storage.images.qemu_img import PREALLOCATE, Image
from virtloom_storage.images.volume import internal, with_secret
from virtloom_storage.programs import find

if TYPE_CHECKING:
    from virtloom_storage.backends.base import Making


UNTIMED = "Unable to get accurate CPU usage"
ATTEMPTS = 5  # at timing it


def make_image(context: Context, pool: Pool, making: Making) -> None:
    """Make an image that is no plain raw file.

    :raises VirtError: CONFIG_UNSUPPORTED and others before anything is made; INTERNAL_ERROR if qemu-img fails.
    """
    if find("qemu-img") is None:
        raise internal("creation of non-raw file images is not supported without qemu-img.")
    volume, source = making.volume, making.source
    plain = Image(volume, making.path, preallocate=bool(making.flags & PREALLOCATE))
    with ExitStack() as stack:
        secret = stack.enter_context(_secret(context, volume))
        theirs = stack.enter_context(_secret(context, source)) if source is not None else None
        qemu_img.check(plain, source)
        if source is not None and source.type == "file" and source.target.format_ not in (None, "raw"):
            check_chain(context, source)
        _check_backing(context, pool, volume)
        image = Image(volume, making.path, secret, plain.preallocate)
        if source is not None:
            making.pulse.expect(source.capacity)
        for argv in _commands(image, source, theirs):
            _run(context, argv, making)


def _run(context: Context, argv: list[str], making: Making) -> None:
    """Run qemu-img; again if it could not time the hashing of a passphrase, as it says on a busy host."""
    attempts = ATTEMPTS
    while True:
        attempts -= 1
        try:
            context.programs.run(
                argv, shown=lambda text: text.replace(making.path, making.volume.path), pulse=making.pulse
            )
        except VirtError as error:
            if UNTIMED not in error.message or not attempts:
                raise
        else:
            return


def _commands(image: Image, source: Volume | None, theirs: str | None) -> list[list[str]]:
    if source is None:
        return [qemu_img.creation(image)]
    if image.secret is None and theirs is None:
        return [qemu_img.conversion(image, source)]
    origin = Image(source, source.path, theirs)
    return [qemu_img.creation(image, backing=False), qemu_img.encrypted_conversion(image, origin)]


@contextmanager
def _secret(context: Context, volume: Volume) -> Iterator[str | None]:
    """The path of a file with a volume's passphrase; None if it is not encrypted."""
    encryption = volume.target.encryption
    if encryption is None:
        yield None
        return
    if len(encryption.secrets) != 1:
        what = "A single <secret type='passphrase'...> element is expected in encryption description"
        raise _invalid(what)
    with context.secrets.as_file(encryption.secrets[0]) as path:
        yield path


def _invalid(detail: str) -> VirtError:
    return VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE)


def _check_backing(context: Context, pool: Pool, volume: Volume) -> None:
    """Refuse a backing store that is not there."""
    if volume.backing is None or volume.backing.path is None:
        return
    named = volume.backing.path
    path = named if named.startswith("/") else f"{pool.path}/{named}"

    def readable() -> None:
        with open(path, "rb"):
            pass

    context.io(readable, f"inaccessible backing store volume {named}")


def resize_image(context: Context, volume: Volume, capacity: int, pulse: Pulse) -> None:
    """Give an image that is no plain raw file another size.

    :param capacity: bytes.
    """
    encryption = with_secret(context, volume)
    volume = volume.replace(target=volume.target.replace(encryption=encryption))
    if encryption is not None and encryption.format_ in ("qcow", "default"):
        raise unsupported("resize of qcow2 encrypted image is not supported")
    if find("qemu-img") is None:
        raise internal("unable to find qemu-img")
    if encryption is not None and len(encryption.secrets) != 1:
        raise bad("no secret provided for luks encryption")
    with _secret(context, volume) as secret:
        context.programs.run(qemu_img.resizing(Image(volume, volume.path, secret), capacity), pulse=pulse)
