"""On the real data sets, where they are."""

import json

import numpy as np
import pytest
from conftest import needs_data

from ibis_training.cases import is_validation, load_cases, split_files
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


SUBJECTS = {"sunnybrook_cmr": lambda name: name.split("-IM")[0], "hc18_fetal_us": lambda name: name.split("_")[0], "msd_hippocampus_mri": str, "dsb2018_nuclei": str}


@pytest.mark.parametrize("dataset", [pytest.param(d, marks=needs_data(d)) for d in SUBJECTS])
def test_no_subject_is_on_two_sides_of_any_split(dataset):
    train, subject = split_files(dataset, "train"), SUBJECTS[dataset]
    parts = [[f for f in train if not is_validation(dataset, f)], [f for f in train if is_validation(dataset, f)], split_files(dataset, "test")]
    found = [{subject(f) for f in files} for files in parts]
    assert all(found) and not (found[0] & found[1] or found[0] & found[2] or found[1] & found[2])


def test_of_a_labs_own_data_set_whole_patients_are_held_out_about_one_in_eight():
    held_out = [p for p in range(400) if is_validation("lab", f"patient{p}_1.png")]
    assert held_out == [p for p in range(400) if is_validation("lab", f"patient{p}_2.nii.gz")]
    assert 25 < len(held_out) < 75


@pytest.mark.parametrize("path", sorted((REPOSITORY / "resources" / "targets").glob("*.json")), ids=lambda p: p.stem)
def test_target_files_are_complete(path):
    raw = json.loads(path.read_text())
    assert raw["schemaVersion"] == 1 and raw["dataset"] == path.stem
    for target in load_targets(path.stem).targets:
        assert len(target.requests) >= 6 and target.requests[0].startswith("Segment")
        assert target.train_mean_position and all(0 < v < 1 for v in target.train_mean_position)
