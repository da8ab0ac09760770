"""List the studies: name, question, number of trials."""

import importlib

from rich.console import Console
from rich.table import Table

from studies import NAMES

table = Table("study", "question", "trials")
for name in NAMES:
    study = importlib.import_module(f"studies.{name}").STUDY
    table.add_row(name, study.question, str(len(study.trials())))
Console().print(table)
