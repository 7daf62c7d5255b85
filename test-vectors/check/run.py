#!/usr/bin/env python3
"""Checks the vectors with one command and nothing but Python 3.10 or newer: `python3 run.py [PATH…]`.

It makes a virtual environment in `venv` beside this file, with the packages of requirements.txt, and runs in it what
is asked for: the schemas and every case of the shipped vectors, or of the files and directories that are given.
Options that it does not know go to check.py: `python3 run.py --only KeyOrder`.
"""

import argparse
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"


def interpreter(folder):
    """The Python of a virtual environment with the packages, which is made or brought up to date first."""
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    mark = folder / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if not (python.exists() and mark.exists() and mark.read_text() == wanted):
        print(f"run: making {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS]
        subprocess.run(pip, check=True)
        mark.write_text(wanted)
    return python


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venv", type=Path, default=HERE / "venv", metavar="DIR", help="where the virtual environment is")
    parser.add_argument("--broken", type=Path, metavar="DIR", help="also write damaged copies of the vectors, with verdicts, to DIR")
    options, rest = parser.parse_known_args(arguments)
    if sys.version_info < (3, 10):
        print("run: Python 3.10 or newer is needed", file=sys.stderr)
        return 2
    try:
        python = interpreter(options.venv)
    except subprocess.CalledProcessError:
        print("run: the packages of requirements.txt could not be installed", file=sys.stderr)
        return 1
    steps = [["schemas.py"]] if not rest else []
    steps.append(["check.py", *rest])
    if options.broken:
        steps.append(["broken.py", options.broken])
    for script, *its in steps:
        status = subprocess.run([python, HERE / script, *its]).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
