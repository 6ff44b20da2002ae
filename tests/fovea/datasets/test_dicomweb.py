"""The WADO-RS-like routes: stored bytes, as viewers ask for them."""

import gzip
import json

import pytest

from fovea.datasets.dicomweb import views
from fovea.datasets.dicomweb.grants import ShortMemory, grants
from fovea.datasets.models import InstanceMetadata
from fovea.datasets.selectors.frames import frames_of
from fovea.datasets.services.projects import member_remove
from tests.factories import BlobFactory, InstanceFactory, MembershipFactory, SeriesFactory

pytestmark = pytest.mark.django_db

EXPLICIT = "1.2.840.10008.1.2.1"


@pytest.fixture(autouse=True)
def _forget():
    """Primary keys start anew with each test's rolled-back rows; no process lives through that."""
    grants.clear()
    views._indexes.clear()


@pytest.fixture
def stack(people):
    """Three instances out of order, the last with three frames of other lengths inside a larger file."""
    series = SeriesFactory(dataset=people.dataset)
    late = InstanceFactory(series=series, pixels=b"late", position=2.5, number=1)
    early = InstanceFactory(series=series, pixels=b"early", position=-7.0, number=2)
    blob = BlobFactory(data=b"..onetwo!three")
    many = InstanceFactory(
        series=series,
        source=blob,
        frames_blob=blob,
        position=9.0,
        number=3,
        frames=3,
        offsets=[2, 5, 9],
        lengths=[3, 4, 5],
        transfer_syntax_uid="1.2.840.10008.1.2.4.80",
    )
    for instance in (late, early, many):
        InstanceMetadata.objects.create(
            instance=instance, dicom_json={"00080018": {"vr": "UI", "Value": [instance.sop_uid]}}
        )
    return series


def test_frames_are_the_stored_ranges_in_geometric_order(people, stack, api):
    client = api(people.viewer)
    frames = frames_of(stack)
    bodies = [client.get(frame.image_id).content for frame in frames]
    assert bodies == [b"early", b"late", b"one", b"two!", b"three"]
    assert [frame.number for frame in frames] == [1, 1, 1, 2, 3]
    assert frames[2].key == f"{frames[2].instance_id}-1"
    assert [f.sop_uid for f in frames_of(stack, stack.instances.get(number=3))] == [frames[2].sop_uid] * 3


def test_a_stored_frame_order_wins_over_the_files_order(stack):
    many = stack.instances.get(number=3)
    stack.geometry = {"frame_order": [f"{many.pk}-3", f"{many.pk}-1", f"{many.pk}-2"]}
    assert [frame.number for frame in frames_of(stack, many)] == [3, 1, 2]


def test_single_part_says_its_syntax_and_never_changes(people, stack, api):
    client, frame = api(people.viewer), frames_of(stack)[3]
    answer = client.get(frame.image_id, headers={"accept": "application/octet-stream; transfer-syntax=*"})
    assert (
        answer.headers["Content-Type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80"
    )
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(frame.image_id, headers={"if-none-match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "accept",
    [
        "multipart/related; type=application/octet-stream; transfer-syntax=*",
        'multipart/related; type="application/octet-stream"',
        "image/jpeg, multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80",
    ],
)
def test_multipart_as_cornerstone_reads_it(people, stack, api, accept):
    answer = api(people.viewer).get(frames_of(stack)[3].image_id, headers={"accept": accept})
    kind = answer.headers["Content-Type"]
    assert kind.startswith('multipart/related; type="application/octet-stream"; boundary=')
    boundary = kind.rsplit("boundary=", 1)[1]
    head, _, rest = answer.content.partition(b"\r\n\r\n")
    assert head.startswith(f"--{boundary}\r\n".encode())
    assert b"Content-Type: application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.80" in head
    assert rest == b"two!" + f"\r\n--{boundary}--\r\n".encode()


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        f"application/octet-stream; transfer-syntax={EXPLICIT}",
        "multipart/related; type=image/jls",
    ],
)
def test_what_cannot_be_given_is_406(people, stack, api, accept):
    answer = api(people.viewer).get(frames_of(stack)[3].image_id, headers={"accept": accept})
    assert (answer.status_code, answer.json()["error"]["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize("number", ["0", "4", "-1", "one", "1.0", "٣", "99999999999999999999", "1%2C2"])
def test_frames_that_are_not_there(people, stack, api, number):
    address = frames_of(stack)[3].image_id.rsplit("/", 1)[0]
    answer = api(people.viewer).get(f"{address}/{number}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_such_frame")


def test_wrong_addresses(people, stack, api):
    client, good = api(people.viewer), frames_of(stack)[0].image_id
    study, series, instance = stack.study.uid, stack.uid, frames_of(stack)[0].sop_uid
    for part in (stack.dataset.slug, study, series, instance):
        answer = client.get(good.replace(part, "9.9", 1))
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert client.post(good).status_code == 405


def test_only_who_may_see_the_dataset(people, stack, api):
    frame = frames_of(stack)[0].image_id
    assert api().get(frame).status_code == 401
    assert api(people.outsider).get(frame).status_code == 404
    metadata = frame.split("/instances")[0] + "/metadata"
    assert api(people.outsider).get(metadata).status_code == 404
    assert api(people.site_admin).get(frame).status_code == 200


def test_a_granted_series_costs_no_query_until_the_membership_ends(
    people, stack, api, django_assert_num_queries
):
    client, frame = api(people.radiologist), frames_of(stack)[0].image_id
    assert client.get(frame).status_code == 200
    with django_assert_num_queries(0):
        assert client.get(frame).content == b"early"
    member_remove(actor=people.admin, project=people.project, user=people.radiologist)
    assert client.get(frame).status_code == 404


def test_one_persons_grant_is_not_anothers(people, stack, api):
    frame = frames_of(stack)[0].image_id
    assert api(people.viewer).get(frame).status_code == 200
    assert api(people.outsider).get(frame).status_code == 404
    assert api().get(frame).status_code == 401


def test_an_instance_imported_after_the_first_look_is_found(people, stack, api):
    client = api(people.viewer)
    client.get(frames_of(stack)[0].image_id)
    InstanceFactory(series=stack, pixels=b"new", position=100.0)
    assert client.get(frames_of(stack)[-1].image_id).content == b"new"


def test_metadata_in_geometric_order_gzipped_with_an_etag(people, stack, api):
    client = api(people.viewer)
    address = frames_of(stack)[0].image_id.split("/instances")[0] + "/metadata"
    plain = client.get(address)
    assert plain.headers["Content-Type"] == "application/dicom+json"
    order = [entry["00080018"]["Value"][0] for entry in json.loads(plain.content)]
    assert order == list(dict.fromkeys(frame.sop_uid for frame in frames_of(stack)))
    zipped = client.get(address, headers={"accept-encoding": "gzip, br"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.content) == plain.content
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert client.get(address, headers={"if-none-match": plain.headers["ETag"]}).status_code == 304
    InstanceFactory(series=stack, pixels=b"new", position=100.0)
    assert client.get(address, headers={"if-none-match": plain.headers["ETag"]}).status_code == 304


def test_two_projects_on_a_dataset_share_its_images(people, stack, api):
    from tests.factories import ProjectFactory, UserFactory

    other = MembershipFactory(
        project=ProjectFactory(dataset=people.dataset), user=UserFactory(), role="viewer"
    )
    assert api(other.user).get(frames_of(stack)[0].image_id).status_code == 200


def test_short_memory_forgets_by_time_and_by_number():
    now = [0.0]
    memory = ShortMemory(size=2, seconds=5, clock=lambda: now[0])
    memory.put("a", 1)
    now[0] = 4.9
    assert memory.get("a") == 1
    memory.put("b", 2)
    memory.put("c", 3)
    assert (memory.get("a"), memory.get("b"), memory.get("c")) == (None, 2, 3)
    now[0] = 10.0
    assert memory.get("b") is None
