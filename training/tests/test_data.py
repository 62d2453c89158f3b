"""On the real data sets, where they are."""

import json

import numpy as np
import pytest
from conftest import needs_data

from ibis_training.cases import load_cases, split_files
from ibis_training.plan import training_cases, validation_cases
from ibis_training.targets import REPOSITORY, load_targets


@needs_data("colin27_aal_mri")
def test_left_structures_of_the_demo_head_lie_on_the_image_right():
    for case in load_cases("demo_colin27", "train"):
        column = np.nonzero(case.truth)[1].mean() / case.truth.shape[1]
        if case.target.id.startswith("left"):
            assert column > 0.5
        if case.target.id.startswith("right"):
            assert column < 0.5


@needs_data("msd_hippocampus_mri")
def test_the_anterior_hippocampus_lies_on_the_image_left_of_sagittal_slices():
    cases = {c.target.id: c for c in load_cases("msd_hippocampus_mri", "test", split_files("msd_hippocampus_mri", "test")[:1])}
    column = {k: np.nonzero(c.truth)[1].mean() for k, c in cases.items()}
    assert column["hippocampus-anterior"] < column["hippocampus-posterior"]


@needs_data("sunnybrook_cmr")
def test_no_patient_is_in_both_training_and_validation_or_test():
    patient = lambda name: name.split("-IM")[0]
    parts = [{patient(c.file_name) for c in training_cases("sunnybrook_cmr")}, {patient(c.file_name) for c in validation_cases("sunnybrook_cmr")}, {patient(f) for f in split_files("sunnybrook_cmr", "test")}]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


@pytest.mark.parametrize("path", sorted((REPOSITORY / "resources" / "targets").glob("*.json")), ids=lambda p: p.stem)
def test_target_files_are_complete(path):
    raw = json.loads(path.read_text())
    assert raw["schemaVersion"] == 1 and raw["dataset"] == path.stem
    for target in load_targets(path.stem).targets:
        assert len(target.requests) >= 6 and target.requests[0].startswith("Segment")
        assert target.train_mean_position and all(0 < v < 1 for v in target.train_mean_position)
