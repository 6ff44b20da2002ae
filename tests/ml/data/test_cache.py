"""The tensor cache: equal to decoding afresh, shared, bounded, and whole after an interruption."""

import time
from pathlib import Path

import numpy as np
import pytest

from ml.data.cache import FrameCache
from ml.data.manifest import FrameRef
from ml.data.preprocess import Preprocess, prepare
from ml.data.progress import Cancelled
from ml.imaging.reader import read_frame
from tests.ml.learning_samples import write_dicom

PREPROCESS = Preprocess((16, 16))
CANVAS_BYTES = 16 * 16 * 2


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> list[FrameRef]:
    folder = tmp_path_factory.mktemp("frames")
    rng = np.random.default_rng(0)
    made = []
    for number in range(12):
        pixels = rng.integers(0, 4000, (20 + number, 18)).astype(np.uint16)
        made.append(FrameRef(key=f"{number}-1", **write_dicom(folder / f"{number}.dcm", pixels)))
    return made


def fresh(frame: FrameRef) -> np.ndarray:
    return prepare(read_frame(frame.path, frame=frame.frame, kind=frame.kind).pixels, PREPROCESS).pixels


def test_gathered_canvases_equal_fresh_ones_in_any_order(frames, tmp_path):
    cache = FrameCache(tmp_path, PREPROCESS)
    assert cache.ensure(frames) == 12
    assert cache.ensure(frames) == 0
    for order in ([3, 1, 2, 2, 11], range(12), [5]):
        batch = cache.gather([frames[i] for i in order])
        expected = np.stack([fresh(frames[i]) for i in order])
        assert np.array_equal(batch.pixels.numpy(), expected)
        assert [p.rows for p in batch.placements] == [20 + i for i in order]


def test_another_process_sees_what_was_decoded(frames, tmp_path):
    FrameCache(tmp_path, PREPROCESS).ensure(frames)
    assert FrameCache(tmp_path, PREPROCESS).ensure(frames) == 0


def test_another_preprocessing_shares_nothing(frames, tmp_path):
    FrameCache(tmp_path, PREPROCESS).ensure(frames)
    assert FrameCache(tmp_path, Preprocess((16, 16), channels=3)).ensure(frames) == 12


def test_the_budget_is_kept_and_everything_can_still_be_read(frames, tmp_path):
    cache = FrameCache(tmp_path, PREPROCESS, budget=5 * CANVAS_BYTES)
    for start in (0, 4, 8, 0, 6):
        chosen = frames[start : start + 4]
        batch = cache.gather(chosen)
        assert np.array_equal(batch.pixels.numpy(), np.stack([fresh(frame) for frame in chosen]))
        used = sum(path.stat().st_size for path in Path(tmp_path).glob("*/*.bin"))
        assert used <= 5 * CANVAS_BYTES


def test_a_shard_deleted_by_another_process_is_decoded_again(frames, tmp_path):
    FrameCache(tmp_path, PREPROCESS).ensure(frames)
    cache = FrameCache(tmp_path, PREPROCESS)
    for path in Path(tmp_path).glob("*/*"):
        path.unlink()
    batch = cache.gather(frames[:3])
    assert np.array_equal(batch.pixels.numpy(), np.stack([fresh(frame) for frame in frames[:3]]))


def test_least_recently_used_shards_go_first(frames, tmp_path):
    cache = FrameCache(tmp_path, PREPROCESS, budget=8 * CANVAS_BYTES)
    cache.ensure(frames[:4])
    time.sleep(0.02)
    cache.ensure(frames[4:8])
    time.sleep(0.02)
    cache.gather(frames[:4])
    time.sleep(0.02)
    cache.ensure(frames[8:12])
    assert frames[0] in cache
    assert frames[4] not in cache


def test_a_cancelled_decode_keeps_what_is_finished(frames, tmp_path):
    asked = 0

    def stop_after_five() -> bool:
        nonlocal asked
        asked += 1
        return asked > 5

    cache = FrameCache(tmp_path, PREPROCESS)
    with pytest.raises(Cancelled):
        cache.ensure(frames, should_stop=stop_after_five)
    assert FrameCache(tmp_path, PREPROCESS).ensure(frames) == 12 - 5


def test_order_groups_what_lies_together(frames, tmp_path):
    cache = FrameCache(tmp_path, PREPROCESS)
    cache.ensure([frames[i] for i in (4, 2, 0)])
    assert cache.order([frames[0], frames[1], frames[2], frames[4]]) == [3, 2, 0, 1]


def test_frames_of_one_volume_are_read_together_and_land_in_their_rows(tmp_path):
    import nibabel

    volume = np.random.default_rng(0).normal(size=(18, 20, 40)).astype(np.float32)
    nibabel.save(nibabel.Nifti1Image(volume, np.eye(4)), tmp_path / "v.nii.gz")
    made = [FrameRef(f"v-{n}", str(tmp_path / "v.nii.gz"), "sha", n, "nifti") for n in range(1, 41)]
    batch = FrameCache(tmp_path / "cache", PREPROCESS).gather(made)
    for row in (0, 31, 32, 39):
        assert np.array_equal(batch.pixels[row].numpy(), fresh(made[row]))
