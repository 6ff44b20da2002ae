"""Weights from files: fitted, recorded, refused when they are something else; models on disk are checked."""

import hashlib

import pytest
import torch
from safetensors.torch import save_file

from ml.data.preprocess import Preprocess
from ml.data.task import task_from_json
from ml.models.files import ModelCard, load_model, read_card, save_model
from ml.models.network import Network, NetworkSpec
from ml.models.weights import WeightsError, initialise

TASK = task_from_json(
    {"questions": [{"key": "q", "type": "single", "options": [{"value": "a"}, {"value": "b"}]}]}
)


def _network(name="resnet18", channels=1, size=32):
    return Network(NetworkSpec(name, channels, (size, size)), TASK)


def test_torchvision_weights_fill_a_one_channel_network_and_keep_its_answer_to_grey(tmp_path):
    from torchvision import models

    torch.manual_seed(1)
    published = models.resnet18(weights=None).eval()
    save_file(published.state_dict(), tmp_path / "w.safetensors")
    network = _network().eval()
    record = initialise(network, str(tmp_path / "w.safetensors"), licence="BSD-3-Clause")
    assert record.source == "file"
    assert record.share == pytest.approx(1.0)
    assert record.licence == "BSD-3-Clause"
    assert record.sha256 == hashlib.sha256((tmp_path / "w.safetensors").read_bytes()).hexdigest()
    published.fc = torch.nn.Identity()
    grey = torch.randn(2, 1, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(network(grey).embedding, published(grey.expand(-1, 3, -1, -1)), atol=1e-4)


def test_position_embeddings_are_resized_for_another_image_size(tmp_path):
    small, large = _network("vit_b_16", 3, 32), None
    torch.save(small.trunk.state_dict(), tmp_path / "w.pt")
    large = _network("vit_b_16", 3, 64)
    record = initialise(large, str(tmp_path / "w.pt"))
    assert record.share == pytest.approx(1.0)


def test_weights_of_another_network_are_refused(tmp_path):
    save_file({"conv9.weight": torch.zeros(3)}, tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match="another network"):
        initialise(_network(), str(tmp_path / "w.safetensors"))


def test_a_pickle_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("executed",)

    torch.save({"x": Evil()}, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="cannot be read"):
        initialise(_network(), str(tmp_path / "w.pt"))


def test_from_scratch_is_said():
    assert "from scratch" in initialise(_network(), "none").reason
    assert "no weights for" in initialise(_network("small_cnn"), "hub").reason


def test_a_saved_model_loads_equal_and_changed_weights_are_noticed(tmp_path):
    network = _network("small_cnn").eval()
    card = ModelCard(network.spec, TASK, Preprocess((32, 32)), ("horizontal",), {"q": 1.5})
    saved = save_model(tmp_path, card, network.state_dict())
    loaded, again = load_model(tmp_path, torch.device("cpu"))
    assert again == saved == read_card(tmp_path)
    image = torch.randn(2, 1, 32, 32)
    with torch.inference_mode():
        assert torch.allclose(loaded(image).answers["q"], network(image).answers["q"], atol=1e-5)
    with (tmp_path / "weights.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(WeightsError, match="not the ones"):
        load_model(tmp_path, torch.device("cpu"))
