import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.imaging import windowing
from ml.imaging.windowing import LookupTable, Window

values = st.floats(-5000, 5000)


@given(values, st.integers(1, 4000), st.integers(-2000, 2000))
def test_linear_is_the_standards_pseudo_code(x, width, center):
    """PS3.3 C.11.2.1.2.1, output 0..1."""
    if x <= center - 0.5 - (width - 1) / 2:
        expected = 0.0
    elif x > center - 0.5 + (width - 1) / 2:
        expected = 1.0
    else:
        expected = (x - (center - 0.5)) / (width - 1) + 0.5
    assert windowing.apply_window(np.array([x]), Window(center, width))[0] == pytest.approx(
        expected, abs=1e-6
    )


def test_exact_and_sigmoid():
    x = np.array([-10.0, 0.0, 5.0, 10.0, 20.0])
    assert np.allclose(windowing.apply_window(x, Window(5, 10, "LINEAR_EXACT")), [0, 0, 0.5, 1, 1])
    assert np.allclose(
        windowing.apply_window(x, Window(5, 10, "SIGMOID")), 1 / (1 + np.exp(-4 * (x - 5) / 10))
    )


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
def test_windows_never_fall_and_stay_in_range(function):
    grey = windowing.apply_window(np.linspace(-1e4, 1e4, 1001), Window(40, 400, function))
    assert np.all(np.diff(grey) >= 0)
    assert grey.min() >= 0
    assert grey.max() <= 1


@pytest.mark.parametrize(
    "window", [Window(0, 0), Window(0, 0, "SIGMOID"), Window(0, -1, "LINEAR_EXACT"), Window(0, 9, "X")]
)
def test_impossible_windows_are_refused(window):
    with pytest.raises(ValueError):
        windowing.apply_window(np.zeros(3), window)


def test_nan_is_black():
    assert windowing.apply_window(np.array([np.nan, 1e9]), Window(0, 10)).tolist() == [0, 1]


def test_percentiles_ignore_outliers_and_what_is_not_a_number():
    pixels = np.concatenate((np.arange(1000.0), [1e9, np.nan, np.inf]))
    low, high = windowing.percentile_window(pixels, 1, 99).bounds
    assert 5 < low < 15
    assert 980 < high < 1000
    assert windowing.percentile_window(np.full(5, 7.0)).bounds == (7.0, 8.0)
    assert windowing.percentile_window(np.full(5, np.nan)).bounds == (0.0, 1.0)


def test_the_presets_are_those_of_the_reading_room():
    found = {name: preset.window for name, preset in windowing.PRESETS.items() if preset.unit == "HU"}
    assert {name: (window.width, window.center) for name, window in found.items()} == {
        "soft_tissue": (400, 40),
        "lung": (1500, -600),
        "liver": (150, 90),
        "bone": (2500, 480),
        "brain": (80, 40),
    }
    assert [preset.window.bounds for preset in windowing.presets_for("PT")] == [(0, 5), (0, 10)]
    assert windowing.presets_for("DX")[0].from_file
    assert windowing.presets_for("MR")[0].percentiles
    assert windowing.presets_for("nonsense")[0].name == "automatic"


def test_an_image_opens_with_its_own_window_first():
    pixels = np.arange(100.0)
    own = Window(5, 10)
    assert windowing.default_window(pixels, "CT", [Window(0, 0), own]) == own
    assert windowing.default_window(pixels, "CT").width == 400
    assert windowing.default_window(pixels, "MR") == windowing.percentile_window(pixels)
    assert windowing.default_window(pixels, "PT") == windowing.percentile_window(pixels)


def test_tables_hold_their_ends():
    table = LookupTable(-2, np.array([10, 20, 30], np.uint16))
    assert table.apply(np.array([-5, -2, -1, 0, 7])).tolist() == [10, 10, 20, 30, 30]
