"""The service against what a user would otherwise write, both measured in one run.

`python -m benchmarks` runs all of them, `python -m benchmarks.NAME` one; both take `--repeats N`.
A busy machine gives figures that mean nothing: run them alone. A missed target is no error.

`python -m benchmarks.error_rates` is by itself: it simulates how often verdicts err; so is
`benchmarks.sizes`, what a trial adds to a run's files, from which LARGE.md tells what breaks first.
"""
