"""Audit events: written with what they tell about, and never changed."""

import pytest
from django.db import DatabaseError, transaction

from fovea.accounts.access import SITE
from fovea.audit.models import Event
from fovea.audit.selectors import events, events_of
from fovea.audit.services import event_record
from fovea.core.errors import Forbidden, NotFound

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "change",
    [
        lambda: Event.objects.update(action="nothing happened"),
        lambda: Event.objects.all().delete(),
        lambda: Event.objects.get().delete(),
    ],
)
def test_the_database_refuses_to_change_an_event(site_admin, change):
    event_record(actor=site_admin, action="user.create", scope=SITE, target="user:1", number=3)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        change()
    event = Event.objects.get()
    assert (event.actor, event.action, event.details) == (site_admin, "user.create", {"number": 3})


def test_somebody_whose_deeds_are_recorded_cannot_be_deleted(site_admin):
    event_record(actor=site_admin, action="user.create")
    with pytest.raises(DatabaseError), transaction.atomic():  # noqa: PT012 - the constraint is checked at the end
        type(site_admin).objects.filter(pk=site_admin.pk)._raw_delete("default")
        transaction.get_connection().check_constraints()


def test_who_may_read_what_happened(people):
    event_record(actor=people.admin, action="project.edit", scope=people.project.scope, target="project:1")
    assert [event.action for event in events(people.admin, people.project.scope)] == ["project.edit"]
    with pytest.raises(Forbidden):
        events(people.viewer, people.project.scope)
    with pytest.raises(NotFound):
        events(people.outsider, people.project.scope)
    assert events_of("project:1").get().actor == people.admin


def test_the_admin_shows_events_and_changes_none(client, site_admin):
    event_record(actor=site_admin, action="user.create")
    client.force_login(site_admin)
    number = Event.objects.get().pk
    assert client.get("/django-admin/audit/event/").status_code == 200
    page = client.get(f"/django-admin/audit/event/{number}/change/")
    assert page.status_code == 200
    assert b'name="_save"' not in page.content
    assert client.post(f"/django-admin/audit/event/{number}/delete/", {"post": "yes"}).status_code == 403
