"""Keys have a number in each code set; one that is unknown is refused."""

from __future__ import annotations

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom_qemu.keys import CODE_SETS, qnum

LINUX, XT, ATSET1, ATSET2, ATSET3, OS_X, XT_KBD, USB, WIN32, QNUM = range(10)


@pytest.mark.parametrize(
    ("code_set", "code"),
    [(LINUX, 28), (XT, 28), (ATSET1, 28), (ATSET2, 0x5A), (ATSET3, 0x5A), (OS_X, 0x24), (XT_KBD, 28), (USB, 40),
     (WIN32, 0x0D), (QNUM, 28)],
)  # fmt: skip
def test_enter_is_the_same_key_in_every_set(code_set: int, code: int) -> None:
    assert qnum(code_set, code) == 28


def test_an_extended_key_has_bit_7() -> None:
    home = 102  # KEY_HOME
    assert qnum(LINUX, home) == 0x80 | 0x47


def test_a_key_that_there_is_not_is_refused() -> None:
    with pytest.raises(VirtError, match="cannot translate keycode 9999 of usb codeset to qnum keycode"):
        qnum(USB, 9999)
    with pytest.raises(VirtError) as caught:
        qnum(len(CODE_SETS), 1)
    assert caught.value.code is ErrorCode.INVALID_ARG
