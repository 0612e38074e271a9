"""libvirt's language for log outputs and filters."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom.server.admin.logs import JournalFormatter, LogSettings, make_output, parse_filter


@pytest.fixture
def settings() -> Iterator[LogSettings]:
    root, logger = logging.getLogger(), logging.getLogger("virtloom")
    handlers, level = root.handlers[:], logger.level
    settings = LogSettings()
    yield settings
    settings.set_filters([])
    for handler in root.handlers[:]:
        if handler not in handlers:
            root.removeHandler(handler)
            handler.close()
    logger.setLevel(level)


def test_an_output_gets_what_is_of_its_level_or_above(settings: LogSettings, scratch: Path) -> None:
    settings.set_outputs([f"3:file:{scratch}/few", f"1:file:{scratch}/all"])
    log = logging.getLogger("virtloom.some.where")
    log.debug("small")
    log.error("great")
    assert "great" in (scratch / "few").read_text()
    assert "small" not in (scratch / "few").read_text()
    assert "small" in (scratch / "all").read_text()


def test_what_plugins_and_libraries_log_goes_to_the_same_place(settings: LogSettings, scratch: Path) -> None:
    settings.set_outputs([f"1:file:{scratch}/log"])
    settings.set_filters(["1:virtloom_parrot"])
    logging.getLogger("virtloom_parrot.beak").debug("by a plugin")
    logging.getLogger("some.library").warning("by a library")
    logging.getLogger("some.library").debug("chatter")
    told = (scratch / "log").read_text()
    assert "by a plugin" in told
    assert "by a library" in told
    assert "chatter" not in told


def test_a_filter_changes_one_part_and_is_taken_back(settings: LogSettings, scratch: Path) -> None:
    settings.set_outputs([f"1:file:{scratch}/log"])
    settings.set_filters(["4:noisy"])
    logging.getLogger("virtloom.noisy.part").warning("filtered")
    settings.set_filters([])
    logging.getLogger("virtloom.noisy.part").warning("not filtered")
    assert (scratch / "log").read_text().count("filtered") == 1


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("stderr", "Malformed format for log output 'stderr'"),
        ("9:stderr", "Invalid log priority '9' for log output '9:stderr'"),
        ("1:printer", "Invalid log destination 'printer' for log output '1:printer'"),
        ("1:file", "Log output '1:file' does not meet the format requirements for destination type 'file'"),
        ("1:stderr:x", "Log output '1:stderr:x' does not meet the format requirements for destination type 'stderr'"),
    ],
)
def test_an_output_that_cannot_be_is_refused_in_libvirts_words_and_changes_nothing(
    settings: LogSettings, output: str, words: str
) -> None:
    settings.set_outputs(["4:stderr"])
    with pytest.raises(VirtError, match=words) as refusal:
        settings.set_outputs(["2:stderr", output])
    assert refusal.value.code is ErrorCode.INVALID_ARG
    assert settings.outputs() == ["4:stderr"]


def test_a_file_that_cannot_be_opened_is_said(scratch: Path) -> None:
    with pytest.raises(VirtError, match=f"failed to open {scratch}/no/where: No such file or directory"):
        make_output(f"1:file:{scratch}/no/where")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("server", "Malformed format for filter 'server'"),
        ("0:server", "Invalid priority '0' for filter '0:server'"),
        ("1:", "Invalid match string ''"),
        ("1:+", r"Invalid match string '\+'"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_in_libvirts_words(text: str, words: str) -> None:
    with pytest.raises(VirtError, match=words):
        parse_filter(text)


def test_a_filter_names_a_logger_with_or_without_our_own_name() -> None:
    expected = ("virtloom.server", logging.DEBUG)
    assert [parse_filter(text) for text in ("1:server", "1:virtloom.server", "1:+server")] == [expected] * 3


def test_lines_for_the_journal_begin_with_their_priority() -> None:
    record = logging.LogRecord("n", logging.WARNING, "f", 1, "two\nlines", None, None)
    assert JournalFormatter("%(message)s").format(record) == "<4>two\n<4>lines"
