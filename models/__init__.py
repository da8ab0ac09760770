"""ResNets and EfficientNet-Lite0, their weights, and the embedding network built on them."""
