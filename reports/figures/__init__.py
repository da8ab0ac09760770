"""The pictures of a run, drawn from what its trials left: `catalogue` has them all."""
