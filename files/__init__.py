"""Fetching and checking files; the lowest package, which imports nothing else of the project."""
