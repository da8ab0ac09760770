"""A trunk with a BatchNorm neck that gives embeddings and logits."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from models.backbones import Backbone
from models.seeded import seeded
from models.stages import embed


class EmbeddingNet(nn.Module):
    """Trunk -> pooled features -> BatchNorm (embeddings) -> linear classifier (logits).

    Embeddings are taken after BatchNorm, so they are centred and signed, where the pooled
    features come out of a ReLU and are not. Source: Luo et al. 2019, "Bag of Tricks and a
    Strong Baseline for Deep Person Re-Identification", arXiv 1903.07071 (BN-neck). There the
    metric losses see the features before BatchNorm; here they see the embeddings, so that their
    scale does not depend on the trunk.

    dim: numbers of an embedding, D.
    """

    def __init__(self, trunk: Backbone, num_classes: int, seed: int) -> None:
        """Take over a trunk, whose `fc` is replaced by the identity.

        trunk: a network with a linear `fc`; it is changed in place.
        num_classes: the size of the classifier, at least 1.
        seed: of new parameters; the global generators are left as they are.

        Raises ValueError if num_classes is below 1, or the trunk's `fc` is not linear.
        """
        super().__init__()
        if num_classes < 1:
            raise ValueError(f"The number of classes must be at least 1, not {num_classes}.")
        head: nn.Module = trunk.fc
        if not isinstance(head, nn.Linear):
            raise ValueError("The trunk's fc is not a linear layer, so it is already in use.")
        self.dim: int = head.in_features
        trunk.add_module("fc", nn.Identity())
        self.trunk = trunk
        with seeded(seed):
            self.neck = nn.BatchNorm1d(self.dim)
            self.classifier = nn.Linear(self.dim, num_classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Embeddings (B, dim) and logits (B, num_classes).

        x: images (B, 3, H, W); B is at least 2 in training mode.

        Raises ValueError if B is 1 in training mode, where BatchNorm has no variance to use.
        """
        embeddings: Tensor = self.neck(embed(self.trunk, x))
        logits: Tensor = self.classifier(embeddings)
        return embeddings, logits

    @torch.no_grad()
    def as_backbone(self) -> dict[str, Tensor]:
        """The state dict of a network like the trunk that gives the same logits in inference mode.

        There the neck is an affine map, `scale * x + shift`, so it fits into the head.
        """
        neck, classifier = self.neck, self.classifier
        assert neck.running_mean is not None and neck.running_var is not None
        scale = neck.weight / torch.sqrt(neck.running_var + neck.eps)
        shift = neck.bias - scale * neck.running_mean
        state = {key: value.clone() for key, value in self.trunk.state_dict().items()}
        state["fc.weight"] = classifier.weight * scale
        state["fc.bias"] = classifier.bias + classifier.weight @ shift
        return state
