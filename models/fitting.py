"""Bring weights as people have them to the names and the head of a network, and say how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from torch import Tensor, nn

Shapes = Mapping[str, tuple[int, ...]]


def shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """Of every tensor of a state dict."""
    return {key: tuple(value.shape) for key, value in state.items()}


def named(weights: Mapping[str, Tensor], own: Shapes) -> tuple[dict[str, Tensor], list[str]]:
    """Weights under the names of a network, and sentences about what was renamed and left out.

    Whatever wraps a network gives its names a prefix (DataParallel "module.", torch.compile
    "_orig_mod.", Lightning whatever its attribute is called); the prefix that most of the network's
    names have is taken off. Left out is what lies beside the network (a second encoder, a queue, a
    classifier of another name), and a head that is no single linear layer of its features. Weights
    of another network come back as they are: `load` says what does not fit.

    weights: a state dict.
    own: the network's shapes, with a head of any size.

    Raises ValueError if they hold several networks and none is MoCo's `encoder_q`.
    """
    prefix = _prefix(weights, own)
    inside = {key.removeprefix(prefix): key for key in weights if key.startswith(prefix)}
    tops = {key.partition(".")[0] for key in own}
    kept = {key: whole for key, whole in inside.items() if key.partition(".")[0] in tops}
    if not kept:
        return dict(weights), []
    if not _is_linear({key: tuple(weights[whole].shape) for key, whole in kept.items()}, own):
        kept = {key: whole for key, whole in kept.items() if not key.startswith("fc.")}
    said = [f"The names of the weights begin with {prefix!r}, which was taken off."] * bool(prefix)
    used = set(kept.values())
    if left_out := [key for key in weights if key not in used]:
        more = f" and {len(left_out) - 3:,} more" if len(left_out) > 3 else ""
        said.append(
            f"Of the weights {', '.join(left_out[:3])}{more} were left out: no part of the network "
            "has them."
        )
    return {key: weights[whole] for key, whole in kept.items()}, said


def _prefix(weights: Mapping[str, Tensor], own: Shapes) -> str:
    """What stands before the network's own names; "" if nothing does."""
    body = {key for key in own if not key.startswith("fc.")}
    found = Counter(
        ".".join([*words[:at], ""])
        for words in (key.split(".") for key in weights)
        for at in range(len(words))
        if ".".join(words[at:]) in body
    )
    # Some names are in many networks, and in each of their blocks.
    most = [one for one, n in found.items() if n == max(found.values()) and 2 * n > len(body)]
    if len(most) < 2:
        return most[0] if most else ""
    queries = [prefix for prefix in most if prefix.endswith("encoder_q.")]
    if len(queries) != 1:
        raise ValueError(
            f"The weights hold several networks, whose names begin with {most[0]!r} and "
            f"{most[1]!r}; save the one that is meant."
        )
    return queries[0]


def _is_linear(given: Shapes, own: Shapes) -> bool:
    """Whether the head that is given is one linear layer of the network's features."""
    head = {key: shape for key, shape in given.items() if key.startswith("fc.")}
    weight = head.get("fc.weight", ())
    fits = len(weight) == 2 and weight[1] == own["fc.weight"][1]
    return fits and head == {"fc.weight": weight, "fc.bias": weight[:1]}


def load(model: nn.Module, name: str, weights: Mapping[str, Tensor]) -> dict[str, str]:
    """Fill a network from weights; {"fc": why} if the head stays as it was drawn.

    model: with a head `fc`, whose size may be another than that of the weights.
    name: of the network, for messages.
    weights: under its names; they may have no head.

    Raises ValueError if the weights do not fit; the network is unchanged then.
    """
    own, given = shapes(model.state_dict()), shapes(weights)
    why = ""
    classes, dim = own["fc.weight"]
    has = given.get("fc.weight", ())
    if not any(key.startswith("fc.") for key in given):
        why = "fc starts fresh: the weights have no head that fits."
    elif len(has) == 2 and has[1] == dim and has[0] != classes and given.get("fc.bias") == has[:1]:
        why = f"fc was left out: the weights have {has[0]} classes, the model has {classes}."
    left_out = {"fc.weight", "fc.bias"} if why else set()
    if differ := _differences(own, given, left_out):
        more = f", and {len(differ) - 3} more" if len(differ) > 3 else ""
        raise ValueError(f"The weights do not fit {name}: {', '.join(differ[:3])}{more}.")
    model.load_state_dict(
        {key: value for key, value in weights.items() if key not in left_out}, strict=False
    )
    return {"fc": why} if why else {}


def _differences(own: Shapes, given: Shapes, left_out: Collection[str]) -> Sequence[str]:
    """What of the weights does not fit, a phrase each."""
    differ = []
    for key, shape in own.items():
        if key in left_out:
            continue
        if key not in given:
            # Files older than PyTorch 0.4.1 lack this counter, which inference does not use.
            if not key.endswith(".num_batches_tracked"):
                differ.append(f"{key} is missing")
        elif given[key] != shape:
            differ.append(f"{key} has shape {given[key]} instead of {shape}")
    return differ + [f"{key} is unexpected" for key in given if key not in own]
