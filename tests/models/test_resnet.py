"""Tests of building, loading and freezing ResNets, and of the embedding network."""

from __future__ import annotations

from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from models.embedding_net import EmbeddingNet
from models.networks import Stem
from models.resnet import ResNetName, build, set_trainable, small_kernel, train_mode
from models.stages import embed


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    """Whether two state dicts hold the same keys and values."""
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize("stem", ["stock", "small"])
@pytest.mark.parametrize(
    ("name", "dim"), [("resnet18", 512), ("resnet34", 512), ("resnet50", 2048)]
)
def test_build_gives_logits_and_pooled_features(name: ResNetName, dim: int, stem: Stem) -> None:
    model, left_out = build(name, 10, stem=stem)
    model.eval()
    assert left_out == {}
    assert model.fc.in_features == dim
    sides: list[int] = []
    model.layer1.register_forward_hook(lambda _m, _i, out: sides.append(out.shape[-1]))
    for side in (32, 64):
        x = torch.randn(2, 3, side, side)
        with torch.no_grad():
            features, logits = embed(model, x), model(x)
            torch.testing.assert_close(model.fc(features), logits)
        assert features.shape == (2, dim)
        assert logits.shape == (2, 10)
    assert sides == ([32, 32, 64, 64] if stem == "small" else [8, 8, 16, 16])


def test_stems_of_one_seed_share_every_other_parameter() -> None:
    stock, small = (build("resnet18", 10, stem=stem, seed=3)[0] for stem in ("stock", "small"))
    values = small.state_dict()
    differ = [k for k, v in stock.state_dict().items() if not torch.equal(v, values[k])]
    assert differ == ["conv1.weight"]


def test_build_refuses_unknown_values() -> None:
    with pytest.raises(ValueError, match="'resnet19'"):
        build("resnet19", 10)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'tiny'"):
        build("resnet18", 10, stem="tiny")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        build("resnet18", 0)


@pytest.mark.parametrize("stem", ["stock", "small"])
def test_seed_decides_and_global_rng_is_untouched(stem: Stem) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = build("resnet18", 10, stem=stem, seed=1)[0]
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    assert equal(first.state_dict(), build("resnet18", 10, stem=stem, seed=1)[0].state_dict())
    other = build("resnet18", 10, stem=stem, seed=2)[0]
    for a, b in ((first.conv1, other.conv1), (first.fc, other.fc)):
        assert not torch.equal(a.weight, b.weight)


@pytest.mark.parametrize("stem", ["stock", "small"])
def test_own_weights_load_whole(stem: Stem) -> None:
    source = build("resnet18", 10, stem=stem, seed=1)[0].state_dict()
    model, left_out = build("resnet18", 10, stem=stem, weights=source, seed=2)
    assert left_out == {}
    assert equal(model.state_dict(), source)


def test_other_head_is_left_out_and_said() -> None:
    source = build("resnet18", 100, seed=1)[0].state_dict()
    model, left_out = build("resnet18", 10, weights=source, seed=2)
    assert left_out == {"fc": "fc was left out: the weights have 100 classes, the model has 10."}
    fresh = build("resnet18", 10, seed=2)[0]
    for key, value in model.state_dict().items():
        expected = fresh.state_dict() if key.startswith("fc.") else source
        assert torch.equal(value, expected[key]), key


def test_a_stock_conv1_is_resampled_for_the_small_stem_and_said() -> None:
    source = build("resnet18", 10, seed=1)[0].state_dict()
    model, said = build("resnet18", 10, stem="small", weights=source, seed=2)
    assert said.keys() == {"conv1"}
    assert said["conv1"].startswith("conv1.weight was resampled: the weights have a 7x7 stem")
    assert torch.equal(model.conv1.weight, small_kernel(source["conv1.weight"]))
    assert torch.equal(model.layer1[0].conv1.weight, source["layer1.0.conv1.weight"])
    # Nothing is drawn: another seed starts from the same network.
    other, _ = build("resnet18", 10, stem="small", weights=source, seed=3)
    assert equal(model.state_dict(), other.state_dict())
    assert tuple(source["conv1.weight"].shape) == (64, 3, 7, 7)  # what was given is as it was


def test_the_small_kernel_gives_what_the_stock_one_does_on_the_image_enlarged() -> None:
    kernel = torch.randn(5, 3, 7, 7, dtype=torch.float64)
    image = torch.randn(1, 3, 3, 3, dtype=torch.float64)
    # 7/3 times: each pixel is 7 fine ones wide, each weight 3, in sum over the same square.
    pixels = image.repeat_interleave(7, 2).repeat_interleave(7, 3)
    weights = kernel.repeat_interleave(3, 2).repeat_interleave(3, 3) / 9
    expected = (pixels * weights).sum((1, 2, 3))
    got = nn.functional.conv2d(image, small_kernel(kernel))[0, :, 0, 0]
    torch.testing.assert_close(got, expected)


def test_small_conv1_does_not_fit_the_stock_stem() -> None:
    source = build("resnet18", 10, stem="small")[0].state_dict()
    with pytest.raises(ValueError, match=r"resnet18: conv1\.weight has shape \(64, 3, 3, 3\)"):
        build("resnet18", 10, weights=source)


def test_resnet50_weights_into_resnet18_name_the_keys() -> None:
    source = build("resnet50", 1000)[0].state_dict()
    with pytest.raises(ValueError, match=r"do not fit resnet18: layer1\.0\.conv1\.weight has"):
        build("resnet18", 10, weights=source)


def test_missing_and_unexpected_keys_are_named() -> None:
    source = build("resnet18", 10)[0].state_dict()
    weight = source.pop("bn1.weight")
    with pytest.raises(ValueError, match=r"resnet18: bn1\.weight is missing\.$"):
        build("resnet18", 10, weights=source)
    with pytest.raises(ValueError, match=r"resnet18: odd is unexpected\.$"):
        build("resnet18", 10, weights={**source, "bn1.weight": weight, "odd": weight})


def test_weights_without_batch_counters_load() -> None:
    source = build("resnet18", 10, seed=1)[0].state_dict()
    old = {k: v for k, v in source.items() if not k.endswith("num_batches_tracked")}
    assert equal(build("resnet18", 10, weights=old)[0].state_dict(), source)


@pytest.mark.parametrize(
    ("patterns", "count"),
    [
        (["fc.*"], 512 * 10 + 10),
        (["conv1.*"], 64 * 3 * 49),
        (["layer1.*"], 4 * 64 * 64 * 9 + 4 * 128),
        (["layer4.*"], 8393728),
        # Two scalars a channel and two BatchNorms a block, two blocks a stage.
        (["*.bn?.*"], 2 * 4 * (64 + 128 + 256 + 512)),
        (["bn1.*", "*.bn?.*", "*.downsample.1.*"], 7680 + 2 * 64 + 2 * (128 + 256 + 512)),
        (["*.downsample.*"], 64 * 128 + 128 * 256 + 256 * 512 + 2 * (128 + 256 + 512)),
        (["layer4.*", "fc.*", "fc.bias"], 8398858),
        (["*"], 11181642),
    ],
)
def test_patterns_decide_which_parameters_train(patterns: list[str], count: int) -> None:
    model, _ = build("resnet18", 10)
    assert set_trainable(model, patterns) == count
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == count


def test_empty_match_raises_and_changes_nothing() -> None:
    model, _ = build("resnet18", 10)
    set_trainable(model, ["fc.*"])
    with pytest.raises(ValueError, match=r"'layr4\.\*'; did you mean 'layer4\.\*'\?"):
        set_trainable(model, ["*", "layr4.*"])
    with pytest.raises(ValueError, match="At least one pattern"):
        set_trainable(model, [])
    assert {n for n, p in model.named_parameters() if p.requires_grad} == {"fc.weight", "fc.bias"}


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_frozen_batchnorm_statistics_stay_with_eval_and_move_with_train(
    mode: Literal["eval", "train"],
) -> None:
    model, _ = build("resnet18", 10)
    set_trainable(model, ["layer4.*", "fc.*"])
    model.eval()
    train_mode(model, mode)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with torch.no_grad():
        model(torch.randn(4, 3, 32, 32))
    moved = {
        key.partition(".")[0]
        for key, value in model.state_dict().items()
        if "running" in key and not torch.equal(value, before[key])
    }
    frozen = {"bn1", "layer1", "layer2", "layer3"}
    assert moved == ({"layer4"} if mode == "eval" else {"layer4"} | frozen)
    assert model.training
    with pytest.raises(ValueError, match="'off'"):
        train_mode(model, "off")  # type: ignore[arg-type]


def test_only_batchnorms_are_put_in_eval() -> None:
    part = nn.Sequential(nn.Linear(4, 4), nn.Dropout(), nn.BatchNorm1d(4))
    model = nn.ModuleDict({"part": part, "fc": nn.Linear(4, 2)})
    set_trainable(model, ["fc.*"])
    train_mode(model, "eval")
    assert [module.training for module in part] == [True, True, False]


@pytest.mark.parametrize(("name", "dim"), [("resnet18", 512), ("resnet50", 2048)])
def test_embedding_net_centres_embeddings_and_follows_its_seed(name: ResNetName, dim: int) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    nets = [EmbeddingNet(build(name, 10)[0], 7, seed) for seed in (1, 1, 2)]
    assert torch.equal(torch.get_rng_state(), before)
    assert equal(nets[0].state_dict(), nets[1].state_dict())
    assert not torch.equal(nets[0].classifier.weight, nets[2].classifier.weight)
    net = nets[0]
    embeddings, logits = net(torch.randn(4, 3, 32, 32))
    assert net.dim == dim
    assert embeddings.shape == (4, dim)
    assert logits.shape == (4, 7)
    assert isinstance(net.trunk.fc, nn.Identity)
    assert embeddings.min() < 0
    torch.testing.assert_close(embeddings.mean(0), torch.zeros(dim), atol=1e-4, rtol=0)


def test_embedding_net_refuses_a_used_trunk() -> None:
    trunk, _ = build("resnet18", 10)
    EmbeddingNet(trunk, 7, 0)
    with pytest.raises(ValueError, match="not a linear layer"):
        EmbeddingNet(trunk, 7, 0)
