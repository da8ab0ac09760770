"""How often verdicts and intervals err, by whole simulated studies: Markdown tables.

python -m benchmarks.error_rates [--studies N]

Of every study the truth is known, for it is drawn. Verdicts are those of `claims.verdicts.judge`,
comparisons those of `claims.comparisons.compare`, on runs that are made in memory (`runs.py`).
claims/README.md shows the tables.
"""
