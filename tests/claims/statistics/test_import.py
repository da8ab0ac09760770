"""What the statistics cost to import."""

import subprocess
import sys


def test_the_import_does_not_wait_for_scipy() -> None:
    code = "import sys, claims.verdicts; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
