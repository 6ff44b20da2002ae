"""Lists in pages: nothing twice, nothing missing, whatever is added meanwhile."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fovea.jobs.models import Job
from tests.factories import JobFactory, UserFactory

pytestmark = pytest.mark.django_db
JOBS = "/api/v1/jobs/"


def pages(client, url, **query):
    """All pages of a list."""
    cursor = None
    while True:
        answer = client.get(url, {**query, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200, answer.json()
        yield answer.json()["results"]
        if (cursor := answer.json()["next"]) is None:
            return


def test_pages_hold_each_row_once_in_order_though_rows_are_added(api, site_admin):
    made = [str(JobFactory().pk) for _ in range(7)]
    Job.objects.update(created_at="2026-01-01T00:00:00.123456Z")  # all alike: the id decides
    seen = []
    for page in pages(api(site_admin), JOBS, limit=3):
        seen += [job["id"] for job in page]
        JobFactory()  # newer, so before all pages
    assert sorted(seen) == sorted(made)
    assert seen == sorted(seen, reverse=True)


def test_a_list_upwards_by_text(api, site_admin):
    for name in ("b", "a", "c", "A"):
        UserFactory(username=f"{name}-x")
    names = [
        user["username"]
        for page in pages(api(site_admin), "/api/v1/users/", query="-x", limit=1)
        for user in page
    ]
    assert len(names) == 4
    assert sorted(names) == sorted(["b-x", "a-x", "c-x", "A-x"])


def test_no_page_counts_or_skips_rows(api, site_admin):
    for _ in range(4):
        JobFactory()
    client = api(site_admin)
    cursor = client.get(JOBS, {"limit": 2}).json()["next"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(JOBS, {"limit": 2, "cursor": cursor})
    text = " ".join(query["sql"] for query in queries)
    assert "COUNT(" not in text
    assert "OFFSET" not in text


@pytest.mark.parametrize(
    "query", [{"limit": "0"}, {"limit": "-1"}, {"limit": "501"}, {"limit": "x"}, {"limit": "1" * 30}]
)
def test_a_limit_that_makes_no_sense(api, site_admin, query):
    answer = api(site_admin).get(JOBS, query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")


@pytest.mark.parametrize(
    "cursor",
    ["x", "bnVsbA", "WyJhIl0", "WyJhIiwiYiJd", "W1siYSJdLCJiIl0", "é", "WyIyMDI2LTAxLTAxIiwgIlx1MDAwMCJd"],
)
def test_a_cursor_that_is_none_of_ours(api, site_admin, cursor):
    answer = api(site_admin).get(JOBS, {"cursor": cursor})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid")
