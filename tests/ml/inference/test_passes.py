"""Passes: flips are turned back, dropout leaves BatchNorm alone, identical passes show no doubt."""

import pytest
import torch

from ml.data.preprocess import place
from ml.data.task import task_from_json
from ml.inference.passes import dropping, forward_passes, parse_passes
from ml.inference.reduce import entropy, reduce_output, valid_area
from ml.models.network import Network, NetworkSpec

TASK = task_from_json(
    {
        "questions": [{"key": "q", "type": "single", "options": [{"value": "a"}, {"value": "b"}]}],
        "classes": [{"index": 1, "name": "x"}, {"index": 2, "name": "y"}],
    }
)


@pytest.fixture(scope="module")
def network() -> Network:
    torch.manual_seed(0)
    made = Network(NetworkSpec("small_unet", 1, (32, 32), 0.2), TASK)
    for _ in range(3):
        made(torch.randn(4, 1, 32, 32))
    return made.eval()


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(3, 1, 32, 32, generator=torch.Generator().manual_seed(1))


def test_flipped_passes_equal_flipping_by_hand(network, images):
    passes = parse_passes("flips", ("horizontal", "vertical"))
    assert len(passes) == 4
    with torch.inference_mode():
        output = forward_passes(network, images, passes)
        for index, axes in enumerate(passes.flips):
            alone = network(images.flip(axes) if axes else images)
            back = alone.masks.flip(axes) if axes else alone.masks
            assert torch.allclose(output.masks[index], back, atol=1e-4)
            assert torch.allclose(output.answers["q"][index], alone.answers["q"], atol=1e-4)


def test_flips_are_those_the_model_was_trained_with():
    assert len(parse_passes("flips", ())) == 1
    assert len(parse_passes("flips", ("horizontal",))) == 2
    with pytest.raises(ValueError, match="dropout:8"):
        parse_passes("rotations")
    with pytest.raises(ValueError, match="dropout:8"):
        parse_passes("dropout:1")


def test_dropout_passes_differ_and_leave_batch_norm_alone(network, images):
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with dropping(network), torch.inference_mode():
        norms = [m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
        assert norms
        assert not any(norm.training for norm in norms)
    with torch.inference_mode():
        output = forward_passes(network, images, parse_passes("dropout:4"))
    assert not torch.equal(output.masks[0], output.masks[1])
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert not any(module.training for module in network.modules())


def test_a_model_without_dropout_says_so():
    plain = Network(NetworkSpec("small_unet", 1, (32, 32), 0.0), TASK).eval()
    with pytest.raises(ValueError, match="no dropout"), dropping(plain):
        pass


def test_reduction_equals_numbers_by_hand(network, images):
    placements = (place(32, 32, (32, 32)), place(16, 32, (32, 32)), place(32, 8, (32, 32)))
    passes = parse_passes("flips", ("horizontal",))
    with torch.inference_mode():
        output = forward_passes(network, images, passes)
        reduced = reduce_output(TASK, output, placements, {})
    p = torch.softmax(output.masks.double(), dim=2)
    mean = p.mean(0)
    logs = torch.log(torch.tensor(3.0, dtype=torch.float64))
    for row, placement in enumerate(placements):
        inside = mean[row][:, *placement.window]
        doubt = -(inside * inside.log()).sum(0) / logs
        assert reduced["class_entropy"][row, 2:].tolist() == pytest.approx(
            [float((inside[c] * doubt).mean()) for c in range(3)], rel=1e-3
        )
        assert float(reduced["foreground"][row]) == pytest.approx(
            float((inside.argmax(0) > 0).double().mean())
        )
        q = torch.softmax(output.answers["q"][:, row].double(), dim=-1).mean(0)
        q_doubt = -(q * q.log()).sum() / torch.log(torch.tensor(2.0, dtype=torch.float64))
        assert float(reduced["entropy"][row]) == pytest.approx(float((doubt.mean() + q_doubt) / 2), rel=1e-3)


def test_identical_passes_have_no_mutual_information(network, images):
    with torch.inference_mode():
        output = forward_passes(network, images, parse_passes("plain"))
        twice = output._replace(
            answers={k: v.repeat(2, 1, 1) for k, v in output.answers.items()},
            masks=output.masks.repeat(2, 1, 1, 1, 1),
        )
        reduced = reduce_output(TASK, twice, (place(32, 32, (32, 32)),) * 3, {})
    assert reduced["bald"].abs().max() < 1e-5


def test_entropy_is_one_for_complete_doubt_and_zero_for_none():
    assert entropy(torch.full((1, 5), 0.2)).item() == pytest.approx(1, abs=1e-6)
    assert entropy(torch.tensor([[1.0, 0.0]])).item() == 0


def test_the_valid_area_is_where_the_frames_lie():
    placements = (place(16, 32, (32, 32)), place(40, 10, (32, 32)))
    area = valid_area(placements, (32, 32), torch.device("cpu"))
    for row, placement in enumerate(placements):
        expected = torch.zeros(32, 32, dtype=torch.bool)
        expected[placement.window] = True
        assert torch.equal(area[row], expected)
