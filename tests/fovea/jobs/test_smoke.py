import pytest

from fovea.accounts.access import SITE
from fovea.jobs.services import job_start
from tests.fovea.jobs import kinds  # noqa: F401
from tests.workers import until


@pytest.mark.django_db
def test_inline(site_admin, run_job):
    job = job_start(actor=site_admin, kind="test.echo", title="t", scope=SITE, payload={"say": "hi"})
    assert run_job(job).result == {"said": "hi"}
    assert job.log.get().message == "working"


def test_real(worker, site_admin):
    worker(modules=("tests.fovea.jobs.kinds",))
    job = job_start(actor=site_admin, kind="test.echo", title="t", scope=SITE, payload={"say": "hi"})

    def done():
        job.refresh_from_db()
        return job.state == "succeeded"

    until(done, "job done")
    assert job.result == {"said": "hi"}
