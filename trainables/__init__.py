"""What one trial does: generator functions over typed settings."""
