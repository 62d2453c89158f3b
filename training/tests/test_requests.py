"""What may be asked, and that pictures made from others keep their names right."""

import random
from collections import Counter

import numpy as np
import pytest
from conftest import needs_data
from tasks import make_case

from ibis_training.cases import load_cases, split_files
from ibis_training.plan import DATASETS
from ibis_training.requests import HELD_OUT_UNTRAINED, TAUGHT_UNTRAINED, VISIBLE, draw_absent_request, draw_request, requests_of
from ibis_training.targets import load_targets
from ibis_training.variants import absent_ids, load_case, mirror_case, mirrored_id, other_structures, random_crops, vary_head

EVERY_TARGET = [(d, t) for d in DATASETS for t in load_targets(d).targets]


def test_no_phrase_stands_for_two_targets():
    said = Counter(text.lower().rstrip(".?") for d, t in EVERY_TARGET for text in {text.lower().rstrip(".?") for _, text in requests_of(d, t.id)})
    assert [text for text, n in said.items() if n > 1] == []


@pytest.mark.parametrize(("dataset", "target"), EVERY_TARGET, ids=lambda v: v if isinstance(v, str) else v.id)
def test_every_target_is_asked_for_in_more_than_one_way(dataset, target):
    rng = random.Random(0)
    drawn = [draw_request(dataset, target, rng) for _ in range(200)]
    assert all(r.present and r.target_id == target.id for r in drawn)
    assert len({r.text for r in drawn}) > 20 and len({r.kind for r in drawn}) >= (1 if dataset == "dsb2018_nuclei" else 2)


def test_every_sort_of_reference_is_made():
    rng = random.Random(0)
    drawn = {draw_request(d, t, rng).kind for d, t in EVERY_TARGET for _ in range(60)}
    assert drawn == {"name", "synonym", "description", "place", "size", "order", "all"}


@pytest.mark.parametrize(("target", "kind", "words"), [
    ("left-ventricle", "name", "the left ventricle"), ("left-ventricle", "synonym", "the LV blood pool"), ("left-ventricle", "description", "the bright cavity of the heart"),
    ("largest-nucleus", "size", "the largest nucleus"), ("second-nucleus-from-left", "order", "the second from the left"), ("leftmost-nucleus", "place", "the cell nucleus on the far left"),
    ("nuclei", "all", "all cell nuclei"), ("left-thalamus", "place", "the thalamus on the right of the image"),
])
def test_a_target_is_asked_for_by_name_synonym_description_size_place_and_order(target, kind, words):
    dataset = next(d for d, t in EVERY_TARGET if t.id == target)
    assert f"Segment {words}." in [text for k, text in requests_of(dataset, target) if k == kind]


def test_what_lies_left_or_right_in_the_image_is_not_said_without_known_orientation():
    target = next(t for d, t in EVERY_TARGET if t.id == "left-thalamus")
    rng = random.Random(0)
    assert any(draw_request("demo_colin27", target, rng).kind == "place" for _ in range(100))
    assert not any(draw_request("demo_colin27", target, rng, oriented=False).kind == "place" for _ in range(200))


def test_absent_requests_never_name_what_may_be_in_the_picture():
    rng = random.Random(0)
    for dataset in DATASETS:
        own = {t.id for t in load_targets(dataset).targets}
        drawn = [draw_absent_request(dataset, [], rng) for _ in range(300)]
        assert not any(r.present or r.target_id in own or r.name in VISIBLE[dataset] for r in drawn)
        assert {r.target_id is None for r in drawn} == {True, False}


def test_words_held_out_for_validation_are_never_taught():
    rng = random.Random(0)
    assert not set(HELD_OUT_UNTRAINED) & set(TAUGHT_UNTRAINED) and len(HELD_OUT_UNTRAINED) > 20
    taught = {draw_absent_request("hc18_fetal_us", [], rng).name for _ in range(2000)}
    assert not taught & set(HELD_OUT_UNTRAINED) and len(taught) > 2 * len(TAUGHT_UNTRAINED)
    asked = {draw_absent_request("hc18_fetal_us", [], rng, held_out=True).name for _ in range(500)}
    assert asked & set(HELD_OUT_UNTRAINED) and not asked & set(TAUGHT_UNTRAINED)


@pytest.mark.parametrize(("dataset", "name", "mirrored"), [
    ("demo_colin27", "left-thalamus", "right-thalamus"), ("demo_colin27", "cerebellum", "cerebellum"), ("sunnybrook_cmr", "left-ventricle", "left-ventricle"),
    ("dsb2018_nuclei", "rightmost-nucleus", "leftmost-nucleus"), ("dsb2018_nuclei", "second-nucleus-from-left", "second-nucleus-from-right"),
    ("dsb2018_nuclei", "third-nucleus-from-left", None), ("msd_hippocampus_mri", "hippocampus-anterior", None), ("dsb2018_nuclei", "largest-nucleus", "largest-nucleus"),
])
def test_mirrored_pictures_swap_left_and_right_in_the_names(dataset, name, mirrored):
    assert mirrored_id(dataset, name) == mirrored


@needs_data("colin27_aal_mri")
def test_the_left_structures_of_a_mirrored_or_bent_head_lie_on_the_image_right():
    for case in [c for c in load_cases("demo_colin27", "train") if c.target.id.startswith(("left", "right"))][:6]:
        for made in (mirror_case(case), vary_head(case, 3)):
            column = np.nonzero(made.truth)[1].mean() / made.truth.shape[1]
            assert (column > 0.5) == made.target.id.startswith("left")
            again = load_case(made.case_id)
            np.testing.assert_array_equal(again.image, made.image)
            np.testing.assert_array_equal(again.truth, made.truth)


@needs_data("colin27_aal_mri")
def test_a_structure_said_to_be_absent_has_no_pixel_in_the_slice():
    cases = [c for c in load_cases("demo_colin27", "train") if c.target.id == "cerebellum"]
    below = min(cases, key=lambda c: c.slice_index)
    assert "cerebellum" not in absent_ids(below) and "left-thalamus" in absent_ids(below)


@needs_data("dsb2018_nuclei")
def test_cut_outs_of_nuclei_are_made_again_from_their_ids():
    name = split_files("dsb2018_nuclei", "train")[0]
    crops = random_crops(name, np.random.default_rng(0), 3)
    assert crops
    for case in crops[0]:
        again = load_case(case.case_id)
        np.testing.assert_array_equal(again.truth, case.truth)
        assert again.image_key == case.image_key


def test_mirroring_flips_picture_and_truth_together():
    case = make_case(column=20)
    from dataclasses import replace
    target = load_targets("sunnybrook_cmr").targets[0]
    made = mirror_case(replace(case, dataset="sunnybrook_cmr", target=target))
    assert abs(np.nonzero(made.truth)[1].mean() - 59) < 0.1 and made.image[made.truth].min() > 150


@needs_data("msd_hippocampus_mri")
def test_the_other_structures_of_a_picture_do_not_touch_the_target():
    by_target = {c.target.id: c for c in load_cases("msd_hippocampus_mri", "train", split_files("msd_hippocampus_mri", "train")[:1])}
    anterior = by_target["hippocampus-anterior"]
    (other,) = other_structures(anterior)  # the whole hippocampus holds it, so only the posterior part is left
    assert other.any() and not (other & anterior.truth).any() and other_structures(by_target["hippocampus"]) == []
