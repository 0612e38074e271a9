"""The flags of building a pool (`virStoragePoolBuildFlags`)."""

from __future__ import annotations

from virtloom.errors import ErrorCode, ErrorDomain, VirtError

NO_OVERWRITE = 4
OVERWRITE = 8


def check_exclusive(flags: int) -> None:
    """Refuse both flags at once (`VIR_EXCLUSIVE_FLAGS_RET`).

    :raises VirtError: INVALID_ARG.
    """
    if flags & NO_OVERWRITE and flags & OVERWRITE:
        names = "'VIR_STORAGE_POOL_BUILD_OVERWRITE' and 'VIR_STORAGE_POOL_BUILD_NO_OVERWRITE'"
        detail = f"Flags {names} are mutually exclusive"
        raise VirtError(ErrorCode.INVALID_ARG, detail, ErrorDomain.STORAGE, verbatim=True)
