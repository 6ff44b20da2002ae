from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now

from annotations.models import Item, ItemState
from annotations.signals import item_created, item_reopened, item_skipped, item_submitted
from fovea.core.errors import Forbidden, LeaseHeld, NotFound
from fovea.learning.models import QueueEntry
from fovea.learning.selectors.queue import queue_counts
from fovea.learning.services.locks import ranks_own
from fovea.learning.services.queue import lease_release, lease_take, queue_next, queue_peek


def rank(project, *order):
    """Give the project's items the places in which their numbers (by id) are listed."""
    ids = list(Item.objects.filter(project=project).order_by("id").values_list("id", flat=True))
    for place, number in enumerate(order, start=1):
        QueueEntry.objects.filter(item_id=ids[number]).update(rank=place)
    return ids


def expire(item_id):
    QueueEntry.objects.filter(item_id=item_id).update(lease_expires_at=Now() - timedelta(seconds=1))


def test_the_best_ranked_item_comes_first_and_the_holder_gets_it_again(make_project, join):
    project = make_project(3)
    reader, ids = join(project), rank(project, 2, 0, 1)

    assert queue_next(actor=reader, project=project).item_id == ids[2]
    assert queue_next(actor=reader, project=project).item_id == ids[2]
    assert queue_next(actor=join(project), project=project).item_id == ids[0]


def test_a_lease_is_renewed_by_asking_again(make_project, join, settings):
    project = make_project(1)
    reader = join(project)
    settings.FOVEA_LEASE_SECONDS = 60
    first = queue_next(actor=reader, project=project).lease_expires_at
    settings.FOVEA_LEASE_SECONDS = 600

    assert queue_next(actor=reader, project=project).lease_expires_at - first > timedelta(seconds=500)


def test_an_expired_lease_is_free_for_others(make_project, join):
    project = make_project(2)
    ids = rank(project, 0, 1)
    queue_next(actor=join(project), project=project)
    expire(ids[0])

    assert queue_next(actor=join(project), project=project).item_id == ids[0]


def test_a_begun_item_comes_back_to_its_reader_after_the_lease_ran_out(make_project, join):
    project = make_project(2)
    reader, ids = join(project), rank(project, 0, 1)
    queue_next(actor=reader, project=project)
    Item.objects.filter(pk=ids[0]).update(state=ItemState.DRAFT)
    expire(ids[0])
    rank(project, 1, 0)

    assert queue_next(actor=reader, project=project).item_id == ids[0]


def test_excluded_items_are_not_given_and_a_lease_on_them_ends(make_project, join):
    project = make_project(2)
    reader, ids = join(project), rank(project, 0, 1)
    queue_next(actor=reader, project=project)

    assert queue_next(actor=reader, project=project, exclude=[ids[0]]).item_id == ids[1]
    assert queue_next(actor=join(project), project=project).item_id == ids[0]


def test_a_peek_names_the_following_item_without_leasing_it(make_project, join):
    project = make_project(2)
    reader, ids = join(project), rank(project, 0, 1)
    queue_next(actor=reader, project=project)

    assert queue_peek(actor=reader, project=project).item_id == ids[1]
    assert QueueEntry.objects.get(item_id=ids[1]).lease_user is None


def test_nothing_waits(make_project, join):
    project = make_project(1)
    queue_next(actor=join(project), project=project)

    assert queue_next(actor=join(project), project=project) is None


def test_held_out_items_are_offered_like_others(make_project, join):
    project = make_project(1)
    Item.objects.filter(project=project).update(split="test")

    assert queue_next(actor=join(project), project=project) is not None


@pytest.mark.parametrize(("role", "error"), [("viewer", Forbidden), ("data_scientist", Forbidden)])
def test_who_may_not_label_gets_nothing(make_project, join, role, error):
    project = make_project(1)
    with pytest.raises(error):
        queue_next(actor=join(project, role), project=project)


def test_strangers_do_not_learn_that_the_project_exists(make_project, join):
    project, other = make_project(1), make_project(1)
    with pytest.raises(NotFound):
        queue_next(actor=join(other), project=project)


def test_a_held_item_is_refused_with_its_holder_and_taken_over_when_expired(make_project, join):
    project = make_project(1)
    first, second = join(project), join(project)
    item = Item.objects.select_related("project").get(project=project)
    lease_take(actor=first, item=item)
    with pytest.raises(LeaseHeld) as refusal:
        lease_take(actor=second, item=item)
    assert refusal.value.details["holder"] == str(first)

    expire(item.pk)
    assert lease_take(actor=second, item=item).lease_user == second


def test_only_the_holder_gives_a_lease_back(make_project, join):
    project = make_project(1)
    first, second = join(project), join(project)
    item = Item.objects.select_related("project").get(project=project)
    lease_take(actor=first, item=item)

    lease_release(actor=second, item=item)
    assert QueueEntry.objects.get(item=item).lease_user == first
    lease_release(actor=first, item=item)
    assert QueueEntry.objects.get(item=item).lease_user is None


def test_entries_follow_their_items(make_project, join):
    project = make_project(3)
    ids = rank(project, 0, 1, 2)
    reader = join(project)
    queue_next(actor=reader, project=project)

    item_submitted.send(Item, item_ids=ids[:1], project_id=project.pk)
    item_skipped.send(Item, item_ids=ids[:2], project_id=project.pk)
    assert dict(QueueEntry.objects.filter(project=project).values_list("item_id", "state")) == {
        ids[0]: "done", ids[1]: "aside", ids[2]: "waiting",
    }  # fmt: skip
    assert QueueEntry.objects.get(item_id=ids[0]).lease_user is None

    item_reopened.send(Item, item_ids=ids[:2], project_id=project.pk)
    assert queue_next(actor=reader, project=project).item_id == ids[0]


def test_new_items_join_in_a_stable_varied_order_that_says_why(make_project):
    project = make_project(6)
    before = dict(QueueEntry.objects.filter(project=project).values_list("item_id", "rank"))
    item_created.send(Item, item_ids=list(before), project_id=project.pk)

    assert dict(QueueEntry.objects.filter(project=project).values_list("item_id", "rank")) == before
    assert sorted(before, key=before.get) != sorted(before)
    assert QueueEntry.objects.filter(project=project, reason__startswith="No model yet").count() == 6


def test_counts_are_exact_through_every_change(make_project):
    project = make_project(5)
    ids = list(Item.objects.filter(project=project).values_list("id", flat=True))
    item_submitted.send(Item, item_ids=ids[:2], project_id=project.pk)
    item_skipped.send(Item, item_ids=ids[2:3], project_id=project.pk)
    assert queue_counts(project.pk) == {"waiting": 2, "done": 2, "aside": 1, "total": 5}

    Item.objects.filter(pk__in=ids[1:4]).delete()
    assert queue_counts(project.pk) == {"waiting": 1, "done": 1, "aside": 0, "total": 2}
    project.delete()
    assert queue_counts(project.pk)["total"] == 0


@pytest.mark.django_db(transaction=True)
def test_no_item_is_given_to_two_people_at_once(make_project, join):
    project = make_project(40)
    readers = [join(project) for _ in range(8)]
    given, failures, start = [], [], threading.Barrier(8)

    def read(reader):
        try:
            start.wait()
            for _ in range(5):
                entry = queue_next(actor=reader, project=project)
                given.append(entry.item_id)
                item_submitted.send(Item, item_ids=[entry.item_id], project_id=project.pk)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(reader,)) for reader in readers]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    assert not failures
    assert len(given) == len(set(given)) == 40
    assert queue_counts(project.pk)["done"] == 40


@pytest.mark.django_db(transaction=True)
def test_a_ranker_that_hangs_does_not_block_labelling(make_project, join, monkeypatch):
    monkeypatch.setattr("fovea.learning.services.locks._PATIENCE", 0.05)
    project = make_project(2)
    reader, ids = join(project), rank(project, 0, 1)
    locked, done = threading.Event(), threading.Event()

    def hang():
        with transaction.atomic():
            ranks_own(project.pk)
            list(QueueEntry.objects.select_for_update().filter(item_id=ids[0]))
            locked.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=hang)
    thread.start()
    locked.wait(10)
    try:
        assert queue_next(actor=reader, project=project).item_id == ids[1]
    finally:
        done.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_the_next_item_is_taken_after_a_ranking_in_progress_not_beside_it(make_project, join):
    project = make_project(2)
    reader, ids = join(project), rank(project, 0, 1)
    locked = threading.Event()

    def rewrite():
        with transaction.atomic():
            ranks_own(project.pk)
            QueueEntry.objects.filter(item_id=ids[0]).update(rank=3)
            locked.set()
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.2)")
        connection.close()

    thread = threading.Thread(target=rewrite)
    thread.start()
    locked.wait(10)
    try:
        assert queue_next(actor=reader, project=project).item_id == ids[1]
    finally:
        thread.join()


def test_an_item_that_was_labelled_when_nobody_could_tell_the_queue_is_not_offered(make_project, join):
    project = make_project(3)
    ids = rank(project, 0, 1, 2)
    Item.objects.filter(pk=ids[0]).update(state=ItemState.SUBMITTED)
    Item.objects.filter(pk=ids[1]).update(state=ItemState.SKIPPED)

    assert queue_next(actor=join(project), project=project).item_id == ids[2]
    assert queue_counts(project.pk) == {"waiting": 1, "done": 1, "aside": 1, "total": 3}


def test_labels_are_kept_when_the_queue_s_upkeep_fails(make_project, monkeypatch, caplog):
    project = make_project(1)
    monkeypatch.setattr("fovea.learning.services.upkeep.front_keep", lambda project_id: 1 / 0)
    item_submitted.send(Item, item_ids=rank(project, 0), project_id=project.pk)

    assert queue_counts(project.pk)["done"] == 1
    assert "upkeep failed" in caplog.text
