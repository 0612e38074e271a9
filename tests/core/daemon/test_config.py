"""The configuration: every problem is told at once, with its line and what may have been meant."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from virtloom.daemon.config import ConfigError, defaults, load, parse
from virtloom.daemon.settings import SETTINGS
from virtloom.driver import ConfigKey


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse(text, Path("virtloomd.toml"))
    return caught.value.problems


def test_without_a_file_every_key_has_its_default() -> None:
    config = defaults()
    assert {setting.key: config.get(setting.key) for setting in SETTINGS} == {s.key: s.default for s in SETTINGS}
    assert config.given == frozenset()


def test_what_the_file_says_holds_and_is_known_as_given() -> None:
    config = parse('[server]\nmax_workers = 30\n[locks]\nchecking = "enforce"\njob_timeout = 5\n', None)
    assert config.get("server.max_workers") == 30
    assert config.get("locks.job_timeout") == 5.0
    assert config.given == {"server.max_workers", "locks.checking", "locks.job_timeout"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "[server]\nmax_worker = 3\n",
            "virtloomd.toml:2: the key server.max_worker is not known; did you mean max_workers?",
        ),
        ("\n[sever]\n", "virtloomd.toml:2: the section [sever] is not known; did you mean server?"),
        (
            '[server]\nmax_workers = "many"\n',
            "virtloomd.toml:2: server.max_workers must be a whole number, not a string",
        ),
        (
            "[server]\nmax_workers = true\n",
            "virtloomd.toml:2: server.max_workers must be a whole number, not true or false",
        ),
        ("[server]\nmax_workers = 0\n", "virtloomd.toml:2: server.max_workers must be at least 1, not 0"),
        ('[locks]\nchecking = "on"\n', "must be one of 'off', 'record', 'enforce', not 'on'"),
        (
            "[server]\nlisten_tcp = true\n",
            "server.listen_tcp = True is not possible in this version; leave it at False",
        ),
        (
            "[server]\nmax_clients = 10\n",
            "virtloomd.toml:2: server.max_anonymous_clients (20) must not be more than server.max_clients (10); lower",
        ),
        (
            "[server]\nmin_workers = 30\n",
            "server.min_workers (30) must not be more than server.max_workers (20); lower the one or raise the other",
        ),
        (
            '[server]\nunix_sock_rw_perms = "0o700"\n',
            "server.unix_sock_rw_perms must be permissions in octal, such as \"0700\", not '0o700'",
        ),
        ('[drivers]\nalso = ["qemu"]\n', "drivers.also must be a list of NAME=VALUE, not 'qemu'"),
        ("[server\n", "virtloomd.toml: "),
    ],
)
def test_a_mistake_is_told_with_its_line_and_a_suggestion(text: str, told: str) -> None:
    assert told in problems(text)[0]


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems("[server]\nmax_worker = 3\nmin_workers = 'x'\n[foo]\n")) == 3


def test_changed_keys_and_plugins_sections_are_known() -> None:
    old = parse("[server]\nmax_workers = 30\n[driver.parrot]\nuser = 'bob'\n", None)
    assert old.changed(old) == []
    assert old.changed(defaults()) == ["server.max_workers", "driver.parrot"]


def test_a_plugins_section_is_checked_against_the_keys_that_it_declared() -> None:
    keys = [ConfigKey("user", "root", "who runs the guests"), ConfigKey("count", 3, "how many")]
    config = parse('[driver.parrot]\nuser = "bob"\n', None)
    assert config.driver("parrot", keys) == {"user": "bob", "count": 3}
    assert config.driver("other", keys) == {"user": "root", "count": 3}
    with pytest.raises(ConfigError, match=r"the key driver\.parrot\.usr is not known; did you mean user\?"):
        parse('[driver.parrot]\nusr = "bob"\n', None).driver("parrot", keys)


def test_a_file_that_must_be_there_is_missed_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such file; 'virtloom config init' writes one"):
        load(tmp_path / "none.toml", required=True)
    assert load(tmp_path / "none.toml").given == frozenset()


def test_a_key_whose_function_is_to_come_is_accepted_at_its_default() -> None:
    assert parse("[server]\nlisten_tcp = false\n", None).get("server.listen_tcp") is False


@given(st.text(max_size=200) | st.text("[]server.max_workers=1\n\"' ", max_size=80))
def test_any_text_is_a_configuration_or_the_one_error(text: str) -> None:
    with contextlib.suppress(ConfigError):
        parse(text, None)
