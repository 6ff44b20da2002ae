"""Jobs over REST: who sees what."""

import pytest

from fovea.jobs import lease
from fovea.jobs.models import Job
from fovea.jobs.services import job_start
from tests.factories import JobFactory

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/jobs/"


@pytest.fixture
def job(people) -> Job:
    """A job of the project, started by its data scientist."""
    return job_start(
        actor=people.data_scientist,
        kind="test.echo",
        title="Echo",
        scope=people.project.scope,
        payload={"x": 1},
    )


def ids(answer) -> set[str]:
    return {row["id"] for row in answer.json()["results"]}


def test_a_project_s_people_see_its_jobs_and_others_none(api, people, job):
    JobFactory(title="of the site")
    for user in people.by_role.values():
        assert ids(api(user).get(JOBS)) == {str(job.pk)}
    assert len(ids(api(people.site_admin).get(JOBS))) == 2
    assert ids(api(people.outsider).get(JOBS)) == set()
    assert api(people.outsider).get(f"{JOBS}{job.pk}/").status_code == 404
    assert api().get(JOBS).status_code == 401


def test_what_is_shown_of_a_job(api, people, job):
    shown = api(people.viewer).get(f"{JOBS}{job.pk}/").json()
    assert shown["state"] == "queued"
    assert shown["created_by"] == "person-data_scientist"
    assert shown["can_control"] is False
    assert "payload" not in shown
    assert api(people.data_scientist).get(f"{JOBS}{job.pk}/").json()["can_control"] is True


def test_filters(api, people, job):
    client = api(people.site_admin)
    other = JobFactory(kind="test.slow", state="failed", error={"code": "c", "message": "m"})
    assert ids(client.get(JOBS, {"kind": "test.slow"})) == {str(other.pk)}
    assert ids(client.get(JOBS, {"state": "queued"})) == {str(job.pk)}
    assert ids(client.get(JOBS, {"scope": str(people.project.scope)})) == {str(job.pk)}
    assert client.get(JOBS, {"state": "asleep"}).status_code == 400
    assert ids(client.get(JOBS, {"created_by__password": "x"})) == {str(job.pk), str(other.pk)}


def test_cancel_and_retry_by_role(api, people, job):
    for name in ("viewer", "radiologist", "reviewer"):
        answer = api(people.by_role[name]).post(f"{JOBS}{job.pk}/cancel/")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert api(people.outsider).post(f"{JOBS}{job.pk}/cancel/").status_code == 404
    assert api(people.admin).post(f"{JOBS}{job.pk}/cancel/").json()["state"] == "cancelled"
    assert api(people.admin).post(f"{JOBS}{job.pk}/cancel/").status_code == 409
    assert api(people.data_scientist).post(f"{JOBS}{job.pk}/retry/").json()["state"] == "queued"
    assert api(people.data_scientist).post(f"{JOBS}{job.pk}/retry/").json()["error"]["code"] == "job_not_over"


def test_the_log_goes_on_after_the_last_line_read(api, people, job):
    claimed = lease.claim(job.pk, "w")
    lease.add_lines(job.pk, claimed.fence, [("info", "one"), ("warning", "two")])
    client = api(people.viewer)
    lines = client.get(f"{JOBS}{job.pk}/log/").json()["results"]
    assert [(line["level"], line["message"]) for line in lines] == [("info", "one"), ("warning", "two")]
    rest = client.get(f"{JOBS}{job.pk}/log/", {"after": lines[0]["id"]}).json()["results"]
    assert [line["message"] for line in rest] == ["two"]
    assert client.get(f"{JOBS}{job.pk}/log/", {"after": "x"}).status_code == 400
    assert api(people.outsider).get(f"{JOBS}{job.pk}/log/").status_code == 404


def test_an_address_that_is_no_id(api, people):
    assert api(people.viewer).get(f"{JOBS}1/").status_code == 404
