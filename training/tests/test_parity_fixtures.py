"""The committed fixtures are what this code computes: whoever changes a rule must rewrite them and be seen."""

import json

import pytest

from ibis_training.fixtures import FOLDER, make_fixtures


@pytest.mark.parametrize("name", sorted(make_fixtures()))
def test_committed_parity_cases_are_current(name):
    stored = json.loads((FOLDER / f"{name}.json").read_text())
    assert stored == {"schemaVersion": 1, "cases": json.loads(json.dumps(make_fixtures()[name]))}
