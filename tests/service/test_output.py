"""Printing into a pipe whose reader has gone."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from rich.console import Console
from service.output import outlasting_its_reader

with outlasting_its_reader():
    print("first", flush=True)
    sys.stdin.read()
    for _ in range(1000):
        print("much that nobody reads" * 100)
    Console().print("nor this")
    print("went on", file=sys.stderr)
print("and after it")
sys.exit(3)
"""


def ended(program):
    """(exit status, what it said of errors) of a program whose reader leaves after a line."""
    pipe, env = subprocess.PIPE, {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        process.stdout.readline()
        process.stdout.close()
        process.stdin.close()
        errors = process.stderr.read().decode()
    return process.returncode, errors


def test_a_program_goes_on_and_ends_with_its_own_status():
    assert ended(PROGRAM) == (3, "went on\n")


def test_what_is_still_in_a_buffer_does_not_change_the_status_either():
    few = PROGRAM.replace("range(1000)", "range(1)").replace("    Console()", "    #")
    assert ended(few) == (3, "went on\n")


def test_a_reader_who_stays_reads_all(capsys):
    from service.output import outlasting_its_reader

    with outlasting_its_reader():
        print("one")
    print("two")
    assert capsys.readouterr().out == "one\ntwo\n"
