"""qemu-img's command lines, in the form in which libvirt writes them.

Source: libvirt's `virStorageBackendCreateQemuImgCmdFromVol` and qemu-img(1).
"""

from __future__ import annotations

from dataclasses import dataclass

from virtloom.errors import ErrorCode, ErrorDomain, VirtError
from virtloom.xmldef.storage.refusal import bad, unsupported
from virtloom.xmldef.storage.secrets import Cipher, Encryption
from virtloom.xmldef.storage.volume import Volume

PREALLOCATE = 1  # VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA


@dataclass(frozen=True)
class Image:
    """An image to be made.

    :ivar path: where it is made; its final name may be another.
    :ivar secret: the path of a file with its passphrase.
    """

    volume: Volume
    path: str
    secret: str | None = None
    preallocate: bool = False

    @property
    def encryption(self) -> Encryption | None:
        """Its encryption."""
        return self.volume.target.encryption

    @property
    def format(self) -> str:
        """What qemu-img is to make: block devices and ISO images are raw to it."""
        volume = self.volume
        word = volume.target.format_ or "raw"
        return "raw" if volume.type == "block" or word in ("iso", "none") else word

    @property
    def driver(self) -> str:
        """The format as qemu-img calls it."""
        return "luks" if self.format == "raw" and self.encryption is not None else self.format

    @property
    def alias(self) -> str:
        """The name of its passphrase on a command line."""
        return f"{self.volume.name}_encrypt0"


def check(image: Image, source: Volume | None = None) -> None:
    """Refuse what qemu-img cannot make, in libvirt's words.

    :param source: what it is to be made from.
    :raises VirtError: CONFIG_UNSUPPORTED and others.
    """
    target = image.volume.target
    encryption = target.encryption
    if encryption is not None and encryption.format_ in ("qcow", "default") and image.format in ("qcow", "qcow2"):
        raise unsupported("creation of qcow2 encrypted image is not supported")
    theirs = source.target.encryption if source is not None else None
    if theirs is not None and theirs.format_ != "luks":
        raise unsupported("encryption format of inputvol must be LUKS")
    if image.format != "qcow2":
        _check_plain(image)
    if image.format == "raw" and encryption is not None and encryption.format_ != "luks":
        raise _internal("Only luks encryption is supported for raw files")
    _check_backing(image, source)
    if encryption is not None:
        _check_encryption(image, encryption)
    _check_features(image)


def _internal(detail: str) -> VirtError:
    return VirtError(ErrorCode.INTERNAL_ERROR, detail, ErrorDomain.STORAGE)


def _check_plain(image: Image) -> None:
    if image.preallocate:
        raise unsupported("metadata preallocation only available with qcow2")
    if image.volume.target.compat is not None:
        raise unsupported("compatibility option only available with qcow2")
    if image.volume.target.features is not None:
        raise unsupported("format features only available with qcow2")


def _check_backing(image: Image, source: Volume | None) -> None:
    backing = image.volume.backing
    if backing is None:
        return
    if image.format == "raw":
        raise unsupported("cannot set backing store for raw volume")
    if image.preallocate:
        raise unsupported("metadata preallocation conflicts with backing store")
    if source is not None and source.backing is not None and source.backing.path != backing.path:
        raise _internal("a different backing store cannot be specified.")


def _check_encryption(image: Image, encryption: Encryption) -> None:
    if image.format not in ("raw", "qcow2"):
        raise unsupported(f"volume encryption unsupported with format {image.format}")
    if encryption.format_ != "luks":
        number = ("default", "qcow", "luks", "luks2").index(encryption.format_ or "default")
        raise unsupported(f"unsupported volume encryption format {number}")
    if len(encryption.secrets) > 1:
        raise bad("too many secrets for luks encryption")
    if not encryption.secrets:
        raise bad("no secret provided for luks encryption")


def _check_features(image: Image) -> None:
    target = image.volume.target
    if target.compat != "0.10":
        return
    for feature in target.features or ():
        shown = feature if feature == "lazy_refcounts" else f"'{feature}'"
        raise unsupported(f"{shown} not supported with compat level {target.compat}")


def creation(image: Image, *, backing: bool = True) -> list[str]:
    """The command that makes an empty image.

    :param backing: whether it is to have its backing store; a copy of something else has none.
    """
    based = image.volume.backing if backing else None
    argv = ["qemu-img", "create", "-f", image.driver]
    if based is not None:
        argv += ["-b", based.path or ""]
    argv += _secret_object(image) + _options(image, based.format_ if based is not None else None) + [image.path]
    size = -(-image.volume.capacity // 1024)
    return argv if based is not None and not size else [*argv, f"{size}K"]


def conversion(image: Image, source: Volume) -> list[str]:
    """The command that makes an image a copy of a volume; neither is encrypted."""
    options = _options(image, None)
    return ["qemu-img", "convert", "-f", _format_of(source), "-O", image.driver, *options, source.path, image.path]


def encrypted_conversion(image: Image, source: Image) -> list[str]:
    """The command that copies into an image that was made before, where one of the two is encrypted."""
    argv = ["qemu-img", "convert", "--image-opts", "-n", "--target-image-opts"]
    return [*argv, *_secret_object(image), *_secret_object(source), _described(source), _described(image)]


def _format_of(source: Volume) -> str:
    word = source.target.format_ or "raw"
    return "raw" if source.type == "block" or word in ("iso", "none") else word


def _described(image: Image) -> str:
    text = f"driver={image.driver},file.filename={escaped(image.path)}"
    if image.encryption is None:
        return text
    prefix = "encrypt." if image.format == "qcow2" else ""
    return f"{text},{prefix}key-secret={image.alias}"


def _secret_object(image: Image) -> list[str]:
    if image.secret is None:
        return []
    return ["--object", f"secret,id={image.alias},file={escaped(image.secret)}"]


def escaped(text: str) -> str:
    """A value inside a list of options, where a comma ends it unless it is doubled."""
    return text.replace(",", ",,")


def _options(image: Image, backing_format: str | None) -> list[str]:
    """What `-o` says; [] if nothing."""
    volume, target = image.volume, image.volume.target
    options = [f"backing_fmt={backing_format}"] if backing_format is not None else []
    if image.encryption is not None:
        options += _encryption_options(image, image.encryption.cipher)
    if image.preallocate:
        options.append(f"preallocation={'metadata' if volume.capacity > volume.allocation else 'falloc'}")
    if target.nocow:
        options.append("nocow=on")
    if target.compat is not None:
        options.append(f"compat={target.compat}")
    elif image.format == "qcow2":
        options.append("compat=0.10")
    if target.cluster_size:
        options.append(f"cluster_size={target.cluster_size}")
    if image.format == "qcow2":
        options += [word for feature, word in FEATURE_OPTIONS.items() if feature in (target.features or ())]
    return ["-o", ",".join(options)] if options else []


FEATURE_OPTIONS = {"lazy_refcounts": "lazy_refcounts", "extended_l2": "extended_l2=on"}


def _encryption_options(image: Image, cipher: Cipher | None) -> list[str]:
    inside = image.format == "qcow2"
    prefix = "encrypt." if inside else ""
    options = ["encrypt.format=luks"] if inside else []
    options.append(f"{prefix}key-secret={image.alias}")
    if cipher is None:
        return options
    encryption = image.encryption
    assert encryption is not None
    ivgen = encryption.ivgen
    options.append(f"{prefix}cipher-alg={escaped(cipher.name or '')}-{cipher.size}")
    named = {"cipher-mode": cipher.mode, "hash-alg": cipher.hash}
    if ivgen is not None:
        named |= {"ivgen-alg": ivgen.name, "ivgen-hash-alg": ivgen.hash}
    return options + [f"{prefix}{name}={escaped(value)}" for name, value in named.items() if value is not None]


def resizing(image: Image, capacity: int) -> list[str]:
    """The command that gives an image another size, in bytes."""
    rounded = -(-capacity // 512) * 512  # qemu-img refuses what is no multiple of a sector
    argv = ["qemu-img", "resize"] + (["--shrink"] if rounded < image.volume.capacity else [])
    if image.encryption is None:
        return [*argv, image.path, str(rounded)]
    prefix = "encrypt." if image.format == "qcow2" else ""
    described = f"driver={image.driver},{prefix}key-secret={image.alias},file.filename={escaped(image.path)}"
    return [*argv, *_secret_object(image), "--image-opts", described, str(rounded)]
