"""Write results/README.md from the runs that are kept beside it.

python results/page.py
"""

from pathlib import Path

from table import about, compared, table

from reports.reading import reading
from runs.folder import RunFolder

HERE = Path(__file__).parent
HEAD = """# Kept runs

Real runs, without checkpoints and large arrays; `python results/page.py` makes this page from them.
The report of each run, one HTML file to open in a browser, has its verdicts, all of its pictures
and what its audit found. `DATA` and `WEIGHTS` stand for where data and weights lay. Accuracies are
means ± standard deviation over n seeds; one seed says nothing of another.
"""


def page() -> str:
    """Markdown: for every kept run how it was made, its table, its pictures."""
    parts = [HEAD]
    for file in sorted(HERE.glob("*/*/study.json")):
        run = file.parent
        read = reading(RunFolder(run).read())
        study, sweeps = read.run.study, " ".join(read.run.sweeps)
        place = run.relative_to(HERE)
        pictures = sorted(picture.name for picture in (run / "figures").glob("*.png"))
        note = run / "note.md"  # what a person found in it
        parts += [f"## {study.study}: {sweeps}", f"[Its report]({place}/report.html)"]
        parts += [about(read), table(read), *([compared(read)] if compared(read) else [])]
        parts += [note.read_text().strip()] if note.exists() else []
        parts += [f"![{name}]({place}/figures/{name})" for name in pictures]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    (HERE / "README.md").write_text(page())
