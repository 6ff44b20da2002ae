import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.acquisition.registry import DEFAULT, STRATEGIES, Options, Pool, select


def make_pool(count=300, seed=0, **changes):
    rng = np.random.default_rng(seed)
    columns = {
        "ids": np.arange(count) + 1000,
        "probabilities": rng.dirichlet([0.4] * 3, size=(count, 4)),
        "embeddings": rng.normal(size=(count, 8)),
        "labelled_embeddings": rng.normal(size=(10, 8)),
        "patients": (np.arange(count) // 15).astype(str),
        "series": (np.arange(count) // 15).astype(str),
        "slice_position": np.arange(count) % 15,
        "foreground": rng.random(count) * (rng.random(count) < 0.5),
    }
    return Pool(**(columns | changes))


def run(name, pool, n=20, seed=1, **options):
    return select(name, pool, n, rng=np.random.default_rng(seed), options=options)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_fills_the_batch_with_reasons_and_keeps_the_caps(name):
    pool = make_pool()
    chosen = run(name, pool, per_patient=2, slice_gap=3)
    assert len(chosen.order) == len(set(chosen.order)) == len(chosen.reasons) == len(chosen.random) == 20
    assert chosen.score.shape == (300,)
    assert np.isfinite(chosen.score).all()
    assert all(reason and len(reason) < 90 for reason in chosen.reasons)
    patients = pool.patients[chosen.order]
    assert max(np.unique(patients, return_counts=True)[1]) <= 2
    assert closest_slices(pool, chosen.order) > 3


def closest_slices(pool, order):
    gaps = [
        abs(int(pool.slice_position[i]) - int(pool.slice_position[j]))
        for i in order
        for j in order
        if i < j and pool.series[i] == pool.series[j]
    ]
    return min(gaps, default=99)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_is_deterministic_and_leaves_the_pool_alone(name):
    pool = make_pool()
    before = {field: np.copy(getattr(pool, field)) for field in ("probabilities", "embeddings", "foreground")}
    first, again = run(name, pool), run(name, pool)
    np.testing.assert_array_equal(first.order, again.order)
    np.testing.assert_array_equal(first.score, again.score)
    assert first.reasons == again.reasons
    for field, values in before.items():
        np.testing.assert_array_equal(getattr(pool, field), values)


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_works_on_a_pool_of_which_nothing_is_known(name):
    chosen = run(name, Pool(np.arange(30)), n=12)
    assert len(set(chosen.order)) == 12
    assert bool(chosen.note) == (name != "random")


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("n", [0, 1, 50])
def test_batches_of_any_size_from_a_small_pool(name, n):
    chosen = run(name, make_pool(count=5, patients=None, series=None, slice_position=np.arange(5)), n=n)
    assert len(chosen.order) == min(n, 5)


@pytest.mark.parametrize("name", sorted(set(STRATEGIES) - {"random"}))
def test_the_random_share_is_one_in_ten_spread_through_the_order(name):
    chosen = run(name, make_pool(patients=None, series=None), n=100)
    assert chosen.random.sum() == 10
    assert chosen.random[:50].sum() == 5
    drawn = [reason for reason, random in zip(chosen.reasons, chosen.random, strict=True) if random]
    assert set(drawn) == {"Random share, for an honest estimate"}


def test_small_batches_hold_the_random_share_on_average():
    pool = make_pool(patients=None, series=None)
    shares = [run("entropy", pool, n=4, seed=seed).random.sum() for seed in range(300)]
    assert 0.05 < np.mean(shares) / 4 < 0.15


def test_the_random_share_reaches_every_candidate_alike():
    pool = Pool(np.arange(40), entropy=np.linspace(0, 1, 40))
    counts = np.zeros(40)
    for seed in range(600):
        chosen = run("entropy", pool, n=4, seed=seed, random_share=0.5)
        counts[chosen.order[chosen.random]] += 1
    assert counts.sum() == 1200
    assert counts.min() >= 12
    assert counts.max() <= 52


def test_entropy_without_share_or_caps_is_a_plain_sort():
    pool = make_pool()
    chosen = run("entropy", pool, n=300, random_share=0, per_patient=0, per_series=0, slice_gap=0)
    np.testing.assert_array_equal(chosen.order, np.argsort(-chosen.score, kind="stable"))


def test_permuted_pools_give_permuted_scores():
    pool = make_pool()
    order = np.random.default_rng(5).permutation(300)
    shuffled = Pool(pool.ids[order], probabilities=pool.probabilities[order])
    for name in ("entropy", "margin", "least_confidence", "bald"):
        np.testing.assert_array_equal(run(name, pool).score[order], run(name, shuffled).score)


@settings(max_examples=40)
@given(
    st.sampled_from(sorted(STRATEGIES)),
    st.integers(1, 3),
    st.integers(0, 5),
    st.integers(1, 60),
    st.integers(0, 99),
)
def test_explicit_caps_hold_whatever_is_asked(name, per_patient, gap, n, seed):
    pool = make_pool(count=90, seed=seed)
    chosen = run(name, pool, n=n, seed=seed, per_patient=per_patient, slice_gap=gap)
    counts = np.unique(pool.patients[chosen.order], return_counts=True)[1]
    assert counts.size == 0 or counts.max() <= per_patient
    assert closest_slices(pool, chosen.order) > gap
    if len(chosen.order) < n:
        assert f"{len(chosen.order)} of {n}" in chosen.note


def test_automatic_caps_spread_a_batch_over_patients_but_never_starve_it():
    lopsided = np.array(["big"] * 80 + [f"p{i}" for i in range(20)])
    pool = Pool(np.arange(100), entropy=np.linspace(1, 0, 100), patients=lopsided)
    chosen = run("entropy", pool, n=10)
    assert (lopsided[chosen.order] == "big").sum() <= 2
    assert len(run("entropy", pool, n=60).order) == 60


def test_slices_beside_labelled_ones_wait_while_others_remain():
    pool = make_pool(
        count=60,
        labelled_series=np.array(["0", "1", "2"]),
        labelled_slice_position=np.array([7, 7, 7]),
    )
    chosen = run("entropy", pool, n=10)
    own = chosen.order[~chosen.random]
    assert not [i for i in own if pool.series[i] in "012" and abs(pool.slice_position[i] - 7) <= 3]


def test_the_random_share_is_drawn_beside_labelled_slices_too():
    pool = make_pool(
        count=60, labelled_series=np.array(list("0123")), labelled_slice_position=np.array([7] * 4)
    )
    beside = {i for i in range(60) if abs(pool.slice_position[i] - 7) <= 3}
    drawn = [run("entropy", pool, n=10, seed=seed) for seed in range(40)]
    assert beside & {int(i) for chosen in drawn for i in chosen.order[chosen.random]}


def test_noise_turns_a_sort_into_a_draw():
    pool = make_pool(patients=None, series=None)
    plain = run("entropy", pool, random_share=0).order
    noisy = [run("entropy", pool, random_share=0, noise="power", beta=1.0, seed=s).order for s in (1, 2)]
    assert set(noisy[0]) != set(noisy[1])
    assert set(plain) != set(noisy[0])


def test_cost_aware_selection_prefers_the_quicker_of_two_equals():
    pool = Pool(
        np.arange(4), entropy=np.array([0.5, 0.5, 0.6, 0.6]), cost_seconds=np.array([10.0, 90, 10, 90])
    )
    assert list(run("entropy", pool, n=4, random_share=0).order) == [2, 3, 0, 1]
    assert list(run("entropy", pool, n=4, random_share=0, cost_power=1).order) == [2, 0, 3, 1]
    assert list(
        run(
            "clasp",
            Pool(
                pool.ids,
                entropy=pool.entropy,
                class_entropy=pool.entropy[:, None],
                cost_seconds=pool.cost_seconds,
            ),
            n=1,
            random_share=0,
            cost_power=1,
            beta_first=1e6,
            beta_max=1e6,
        ).order
    ) == [2]


def test_foreground_random_draws_its_share_from_what_holds_foreground():
    foreground = np.zeros(1000)
    foreground[:50] = 0.2
    pool = Pool(np.arange(1000), foreground=foreground)
    for share, low, high in ((0.66, 26, 32), (0.33, 13, 19)):
        chosen = run("foreground_random", pool, n=40, random_share=0, foreground_share=share)
        assert low <= (chosen.order < 50).sum() <= high


def test_strided_slices_are_evenly_spaced():
    pool = Pool(np.arange(60), series=np.array(["s"] * 60), slice_position=np.arange(60))
    chosen = run("strided", pool, n=6, random_share=0)
    assert set(np.diff(np.sort(chosen.order))) == {10}


def test_strided_takes_every_series_before_a_second_slice_of_any():
    pool = make_pool()
    chosen = run("strided", pool, n=20, random_share=0)
    assert len(set(pool.series[chosen.order])) == 20


def test_reasons_name_the_classes_the_model_wavers_between():
    names = {"class_names": ["background", "organ", "lesion"], "background": 0, "random_share": 0}
    cases = np.array([[[0.02, 0.5, 0.48]], [[0.4, 0.55, 0.05]], [[0.01, 0.94, 0.05]]])
    pool = Pool(np.arange(3), probabilities=cases)
    by_item = dict(
        zip(run("entropy", pool, n=3, **names).order, run("entropy", pool, n=3, **names).reasons, strict=True)
    )
    assert by_item == {
        0: "The model hesitates between organ and lesion",
        1: "The model is unsure where organ begins and ends",
        2: "Probably organ, but lesion is not ruled out",
    }


def test_classes_of_different_questions_are_not_weighed_against_each_other():
    names = {"class_names": ["left", "right", "edema", "background", "organ"], "background": 3}
    by_class = np.array([[0.3, 0.2, 0.25, 0, 0], [0.1, 0.1, 0.5, 0, 0], [0.0, 0.1, 0.2, 0.3, 0.1]])
    pool = Pool(np.arange(3), entropy=by_class.sum(axis=1), class_entropy=by_class)
    chosen = run("entropy", pool, n=3, random_share=0, class_groups=[0, 0, 1, 2, 2], **names)
    assert dict(zip(chosen.order, chosen.reasons, strict=True)) == {
        0: "The model hesitates between left and right",
        1: "The model is unsure about edema",
        2: "The model is unsure where organ begins and ends",
    }


@pytest.mark.parametrize(("name", "column"), [("margin", "probabilities"), ("k_centre", "embeddings")])
def test_columns_with_gaps_count_as_unknown(name, column):
    values = np.copy(getattr(make_pool(), column))
    values[3] = np.nan
    chosen = run(name, make_pool(**{column: values}))
    assert column in chosen.note
    assert len(chosen.order) == 20
    entropies = {"entropy": np.ones(300), "class_entropy": np.ones((300, 2))}
    assert not run("clasp", make_pool(**{column: values}, **entropies)).note


def test_an_item_that_is_not_scored_yet_waits_behind_those_that_are():
    pool = Pool(np.arange(3), entropy=np.array([0.1, np.nan, 0.9]))
    assert list(run("entropy", pool, n=3, random_share=0).order) == [2, 0, 1]
    assert run("entropy", Pool(np.arange(3), entropy=np.full(3, np.nan)), n=2).note


def test_bald_needs_more_than_one_pass():
    single = make_pool(probabilities=np.random.default_rng(0).dirichlet([1, 1], size=(300, 1)))
    assert "passes" in run("bald", single).note
    assert not run("bald", make_pool()).note


def test_every_card_can_be_listed_and_the_default_exists():
    assert DEFAULT in STRATEGIES
    for name, card in STRATEGIES.items():
        assert card.name == name
        assert card.title
        assert card.description.endswith(".")


def test_bad_options_and_pools_are_refused():
    pool = make_pool()
    for bad in ({"speed": 1}, {"random_share": 2}, {"noise": "loud"}, {"beta": 0}, {"per_patient": -1}):
        with pytest.raises(ValueError):
            run("entropy", pool, **bad)
    with pytest.raises(ValueError, match="3 candidates"):
        Pool(np.arange(3), entropy=np.zeros(2))
    with pytest.raises(ValueError, match="0 or more"):
        run("random", pool, n=-1)
    assert Options.of({"class_names": ["a", "b"]}).class_names == ("a", "b")
