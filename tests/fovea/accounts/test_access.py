"""The permission table, and who is told what."""

import pytest
from django.contrib.auth.models import AnonymousUser

from fovea.accounts.access import SITE, Scope, may, require, scopes_allowing
from fovea.accounts.permissions import ACTIONS, Role
from fovea.core.errors import Forbidden, NotFound
from tests.factories import MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db


def test_the_table_decides_for_every_role_and_action(people):
    for role, user in people.by_role.items():
        for action in ACTIONS.values():
            expected = Role(role) in action.roles
            assert may(user, action.name, people.project.scope) is expected, (role, action.name)
            assert may(user, action.name, ProjectFactory().scope) is False
            assert may(people.site_admin, action.name, people.project.scope)
            assert not may(people.outsider, action.name, people.project.scope)
            assert not may(AnonymousUser(), action.name, people.project.scope)


def test_lists_follow_the_same_table(people):
    second = MembershipFactory(user=people.radiologist, role=Role.VIEWER).project
    allowed = scopes_allowing(people.radiologist, "annotation.make")
    assert allowed == {people.project.scope, Scope("dataset", people.dataset.pk)}
    assert second.scope in scopes_allowing(people.radiologist, "project.view")
    assert scopes_allowing(people.outsider, "project.view") == set()
    assert scopes_allowing(people.site_admin, "project.view") is None


def test_a_stranger_is_told_nothing_and_a_small_role_what_it_lacks(people):
    with pytest.raises(NotFound):
        require(people.outsider, "project.edit", people.project.scope)
    with pytest.raises(Forbidden):
        require(people.viewer, "project.edit", people.project.scope)
    with pytest.raises(Forbidden):
        require(people.admin, "site.admin", SITE)


def test_an_action_that_the_table_does_not_hold_is_an_error_of_ours(people):
    with pytest.raises(KeyError):
        may(people.viewer, "project.destroy-all", people.project.scope)
