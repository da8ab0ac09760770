"""Losses on embeddings, each written from its paper."""

from losses.center import CenterLoss
from losses.triplet import TripletLoss

__all__ = ["CenterLoss", "TripletLoss"]
