"""Documents are held against libvirt's schemas where they are installed, and pass where they are not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from virtloom.errors import ErrorCode, VirtError
from virtloom.xmldef import validation
from virtloom.xmldef.validation import DOMAIN, NETWORK, POOL, Schema, validate

GOOD = {
    POOL: "<pool type='dir'><name>p</name><target><path>/p</path></target></pool>",
    NETWORK: "<network><name>n</name><bridge name='b'/></network>",
    DOMAIN: "<domain type='qemu'><name>d</name><memory>1</memory><os><type>hvm</type></os></domain>",
}


@pytest.fixture
def schemas() -> None:
    if not validation.is_available():
        reason = "no schemas (Debian: apt-get install libvirt0) or no lxml (pip install virtloom[validate])"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture
def no_schemas(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    validation.is_available.cache_clear()
    monkeypatch.setattr(validation, "SCHEMAS", tmp_path / "none")
    yield
    validation.is_available.cache_clear()


@pytest.mark.usefixtures("schemas")
@pytest.mark.parametrize("schema", GOOD, ids=lambda schema: schema.name)
def test_a_good_document_passes_and_one_with_a_foreign_element_is_refused(schema: Schema) -> None:
    validate(GOOD[schema], schema)
    with pytest.raises(VirtError, match=r"Unable to validate doc against .*\.rng\n(.|\n)*failed to validate") as caught:
        validate(GOOD[schema].replace("<name>", "<bogus/><name>"), schema)
    assert caught.value.code is ErrorCode.XML_INVALID_SCHEMA


def test_another_document_is_refused_before_its_schema_is_asked() -> None:
    with pytest.raises(VirtError, match="expecting root element of 'pool', not 'network'"):
        validate(GOOD[NETWORK], POOL)


@pytest.mark.usefixtures("no_schemas")
def test_without_schemas_every_document_passes() -> None:
    validate(GOOD[POOL].replace("<name>", "<bogus/><name>"), POOL)
