"""Django's admin: every table of datasets can be looked up, none is changed past the services, none is
counted whole.
"""

import pytest
from django.contrib import admin
from django.urls import reverse

from fovea.datasets import models
from tests.factories import InstanceFactory, SeriesFactory

TABLES = [name for name in models.__all__ if name != "InstanceMetadata"]


@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_looked_up_and_not_changed(
    client, site_admin, people, name, django_assert_max_num_queries
):
    model = getattr(models, name)
    series = SeriesFactory(dataset=people.dataset)
    for _ in range(3):
        InstanceFactory(series=series)
    client.force_login(site_admin)
    with django_assert_max_num_queries(12) as queries:
        answer = client.get(
            reverse(f"admin:datasets_{name.lower()}_changelist"), headers={"host": "localhost"}
        )
    assert answer.status_code == 200
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"].upper()]
    assert all("LIMIT" in sql for sql in counts), counts
    assert client.get(reverse(f"admin:datasets_{name.lower()}_add")).status_code == 403
    assert model in admin.site._registry
