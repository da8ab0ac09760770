"""Settings, weights and a plain forward pass for features; rows with known values for the store."""

from functools import lru_cache

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models import resnet
from trainables.backbone_settings import BackboneSettings
from trainables.features import extraction, row_store
from trainables.features.row_store import RowStore

SMALL = {"dataset": "digits", "weights": "none", "image_size": 16, "images_per_class": 2}


@lru_cache(maxsize=8)
def _network(chosen, seed=0):
    return extraction.untouched(chosen, seed)


def _save_weights(path, seed, name="resnet18", stem="stock"):
    state = resnet.build(name, 7, stem=stem, seed=seed)[0].state_dict()
    draw = torch.Generator().manual_seed(seed)
    for key, value in state.items():
        if key.endswith("running_mean"):
            value.copy_(torch.randn(value.shape, generator=draw) / 10)
        elif key.endswith("running_var"):
            value.copy_(torch.rand(value.shape, generator=draw) + 0.5)
    save_file(state, path)


def _settings(data, **changes):
    return BackboneSettings(**{**SMALL, "data_dir": str(data), **changes})


def _entry(chosen, stage="avgpool", seed=0, dtype="float32"):
    model = _network(chosen, seed)
    return extraction.store(chosen, chosen.load(seed), model, stage, seed, dtype).entry


@torch.no_grad()
def _direct(model, x, stage):
    """A forward pass as torchvision writes it, cut after a stage."""
    x = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    for name in ("layer1", "layer2", "layer3", "layer4"):
        x = getattr(model, name)(x)
        if name == stage:
            return x
    x = torch.flatten(model.avgpool(x), 1)
    return x if stage == "avgpool" else model.fc(x)


@pytest.fixture(scope="module")
def one_thread():
    """Images of 16 pixels are too small to share between threads on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def settings():
    return _settings


@pytest.fixture(scope="session")
def network():
    """The untouched network of some settings and a seed, made once."""
    return _network


@pytest.fixture(scope="session")
def entry():
    """The folder in which features are kept."""
    return _entry


@pytest.fixture(scope="session")
def direct():
    return _direct


@pytest.fixture(scope="session")
def save_weights():
    return _save_weights


@pytest.fixture(scope="session")
def file(tmp_path_factory):
    """Weights with 7 outputs whose batch-norms have seen images, as only inference can tell."""
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    _save_weights(path, seed=5)
    return path


def _expected(rows):
    return rows[:, None] * 10 + np.arange(3)


class _Compute:
    """Gives the expected values and remembers the rows that it was asked for."""

    def __init__(self):
        self.blocks = []

    def __call__(self, rows):
        self.blocks.append(rows.tolist())
        return _expected(rows)

    @property
    def rows(self):
        return [row for block in self.blocks for row in block]


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(row_store, "BLOCK", 4)


@pytest.fixture(scope="session")
def rows():
    """The rows of some ranges."""
    return lambda *ranges: np.concatenate([np.arange(*r) for r in ranges])


@pytest.fixture(scope="session")
def expected():
    """The values of some rows."""
    return _expected


@pytest.fixture(scope="session")
def Compute():
    return _Compute


@pytest.fixture(scope="session")
def store():
    """A store of 60 rows with 3 values."""
    parts = {"name": "rows", "identity": {"of": "tests"}, "total": 60, "shape": (3,)}
    return lambda folder, **changes: RowStore(folder, **{**parts, "dtype": "float32", **changes})
