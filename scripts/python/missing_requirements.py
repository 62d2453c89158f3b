"""Prints, one a line, what the venv that runs this lacks of the training package's and the tests' requirements."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pip._vendor.packaging.requirements import Requirement

root = Path(__file__).resolve().parents[2]
project = tomllib.loads((root / "training" / "pyproject.toml").read_text())["project"]
wanted = [*project["dependencies"], *project.get("optional-dependencies", {}).get("test", [])]
for line in (root / "test" / "requirements.txt").read_text().splitlines():
    text = line.split("#")[0].strip()
    if text:
        wanted.append(text)

for text in wanted:
    requirement = Requirement(text)
    try:
        if not requirement.specifier.contains(version(requirement.name), prereleases=True):
            print(text)
    except PackageNotFoundError:
        print(text)
sys.exit(0)
