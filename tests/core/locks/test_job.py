"""A job says what it is, how far it is, and whether it should go on."""

from __future__ import annotations

from typing import Any

import pytest

from virtloom.locks import JobAborted, JobKind, Progress, calling


def test_a_job_is_named_after_the_call_unless_told_otherwise(enforcing: Any) -> None:
    with calling(api="virDomainSave", client="unix 7"):
        with enforcing.domain.job(JobKind.SAVE) as job:
            assert (job.api, job.client) == ("virDomainSave", "unix 7")
        with enforcing.domain.job(JobKind.SAVE, api="autosave") as job:
            assert job.api == "autosave"
    with enforcing.domain.job(JobKind.SAVE) as job:
        assert (job.api, job.client) == ("save", None)


def test_progress_is_replaced_field_by_field(enforcing: Any) -> None:
    with enforcing.domain.job(JobKind.SAVE) as job:
        assert job.progress == Progress()
        job.report(data_total=100, data_processed=10)
        before = job.progress
        job.report(data_processed=30)
        assert job.progress == Progress(data_total=100, data_processed=30)
        assert before.data_processed == 10


def test_a_field_that_progress_does_not_have_is_refused(enforcing: Any) -> None:
    with enforcing.domain.job(JobKind.SAVE) as job, pytest.raises((TypeError, ValueError), match="speed"):
        job.report(speed=1)


def test_a_job_goes_on_until_somebody_aborts_it(enforcing: Any) -> None:
    obj = enforcing.domain
    with obj.job(JobKind.SAVE) as job:
        job.check()
        assert obj.abort_job("canceled by client") is job
        assert obj.abort_job("too late to be the reason") is job
        with pytest.raises(JobAborted, match=r"save job on domain .* was aborted: canceled by client"):
            job.check()
        assert obj.jobs.running == (job,)
    assert obj.jobs.running == ()


def test_only_a_long_job_is_aborted(enforcing: Any) -> None:
    with enforcing.domain.job(JobKind.MODIFY) as job:
        assert enforcing.domain.abort_job("canceled by client") is None
        job.check()


def test_its_age_is_that_of_its_running(enforcing: Any) -> None:
    with enforcing.domain.job(JobKind.MODIFY) as job:
        first = job.age
        assert 0 <= first <= job.age


def test_it_describes_itself(enforcing: Any) -> None:
    with calling(api="virDomainSave"), enforcing.domain.job(JobKind.SAVE) as job:
        text = repr(job)
    assert text.startswith("<Job save on domain 01010101-0101-0101-0101-010101010101 for virDomainSave by thread ")
    assert "in virDomainSave, running for 0.0 s>" in text
