"""ResNet trunks, their weights, and the embedding network built on them."""
