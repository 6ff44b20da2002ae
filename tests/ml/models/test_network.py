"""Every card builds a network that keeps the contract; heads give probabilities; freezing freezes."""

import copy

import pytest
import torch

from ml.data.task import task_from_json
from ml.models.network import Network, NetworkSpec, answer_probabilities, check_fit
from ml.models.registry import ARCHITECTURES, architecture, fit_size

QUESTIONS = [
    {"key": "one", "type": "single", "options": [{"value": v} for v in "abc"]},
    {"key": "many", "type": "multiple", "options": [{"value": v} for v in "xy"]},
    {"key": "grade", "type": "ordinal", "options": [{"value": v} for v in "0123"]},
]
ANSWERS = task_from_json({"questions": QUESTIONS})
EVERYTHING = task_from_json({"questions": QUESTIONS, "classes": [{"index": 7, "name": "organ"}]})
HEAVY = {"vgg16", "vit_b_16"}


@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - HEAVY))
def test_each_architecture_keeps_the_contract(name):
    torch.manual_seed(0)
    task = EVERYTHING if "segmentation" in architecture(name).kinds else ANSWERS
    side = fit_size(name, 32)
    network = Network(NetworkSpec(name, 1, (side, side)), task).eval()
    with torch.inference_mode():
        output = network(torch.randn(2, 1, side, side))
    assert {key: tuple(v.shape) for key, v in output.answers.items()} == {
        "one": (2, 3),
        "many": (2, 2),
        "grade": (2, 3),
    }
    assert output.embedding.shape == (2, network.trunk.embedding)
    assert (output.masks is None) == (task is ANSWERS)
    if output.masks is not None:
        assert output.masks.shape == (2, 2, side, side)


@pytest.mark.parametrize(
    "name", ["small_cnn", "resnet18", "small_unet", "segresnet", "dynunet", "efficientnet_b0"]
)
def test_cards_state_the_true_number_of_parameters(name):
    if name in ("small_cnn", "small_unet", "segresnet", "dynunet"):
        task = ANSWERS if name == "small_cnn" else task_from_json({"classes": [{"index": 1, "name": "x"}]})
        count = sum(p.numel() for p in Network(NetworkSpec(name, 3, (32, 32)), task).trunk.parameters())
    else:
        from torchvision import models

        count = sum(p.numel() for p in models.get_model(name, weights=None).parameters())
    assert count == pytest.approx(architecture(name).parameters, rel=0.02)


def test_copies_of_a_segmenter_keep_their_own_embeddings():
    network = Network(NetworkSpec("small_unet", 1, (32, 32), 0.0), EVERYTHING).eval()
    twin = copy.deepcopy(network)
    with torch.inference_mode():
        for parameter in twin.parameters():
            parameter.zero_()
        image = torch.randn(1, 1, 32, 32)
        assert network(image).embedding.abs().sum() > 0
        assert not torch.equal(network(image).embedding, twin(image).embedding)


def test_a_classifier_is_refused_for_masks_with_what_would_do():
    with pytest.raises(ValueError, match="unet"):
        check_fit("resnet18", EVERYTHING)
    with pytest.raises(ValueError, match="choose one of"):
        architecture("resnet9000")


def test_ordinal_probabilities_are_products_of_conditional_steps():
    logits = torch.tensor([[2.0, 0.0, -1.0]])
    p = answer_probabilities(ANSWERS.question("grade"), logits)[0]
    s = torch.sigmoid(logits[0])
    expected = torch.tensor([1 - s[0], s[0] * (1 - s[1]), s[0] * s[1] * (1 - s[2]), s[0] * s[1] * s[2]])
    assert torch.allclose(p, expected, atol=1e-6)
    assert p.sum() == pytest.approx(1, abs=1e-6)


def test_temperature_softens_without_changing_the_answer():
    logits = torch.tensor([[3.0, 1.0, 0.0]])
    question = ANSWERS.question("one")
    sharp, soft = answer_probabilities(question, logits), answer_probabilities(question, logits, 3.0)
    assert soft.max() < sharp.max()
    assert soft.argmax() == sharp.argmax()


def test_freezing_the_backbone_leaves_the_heads_and_holds_its_statistics():
    network = Network(NetworkSpec("small_cnn", 1, (32, 32)), ANSWERS)
    network.freeze("backbone")
    network.train()
    before = {name: value.clone() for name, value in network.trunk.state_dict().items()}
    output = network(torch.randn(4, 1, 32, 32) + 5)
    output.answers["one"].sum().backward()
    assert all(p.grad is None for p in network.trunk.parameters())
    assert network.heads[0].weight.grad is not None
    assert all(torch.equal(before[name], value) for name, value in network.trunk.state_dict().items())


def test_freezing_early_parts_freezes_about_half():
    network = Network(NetworkSpec("resnet18", 1, (32, 32)), ANSWERS)
    network.freeze("early")
    frozen = sum(p.numel() for p in network.trunk.parameters() if not p.requires_grad)
    total = sum(p.numel() for p in network.trunk.parameters())
    assert 0.1 < frozen / total <= 0.5
    with pytest.raises(ValueError, match="frozen backbone"):
        Network(NetworkSpec("small_unet", 1, (32, 32)), EVERYTHING).freeze("backbone")
