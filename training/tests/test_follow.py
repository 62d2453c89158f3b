from dataclasses import replace

import numpy as np
import pytest
import torch

from ibis_training.dense import CONCEPTS
from ibis_training.follow import follow_encoder, read_place
from ibis_training.reasoning import Geometry
from ibis_training.samples import Sample
from ibis_training.variants import NUCLEI_DATASET
from ibis_training.vision import measure_concepts

VENTRICLE = CONCEPTS.names.index(("sunnybrook_cmr", "left-ventricle"))


def sample(disc, mask: np.ndarray, target="left-ventricle") -> Sample:
    """A state whose encoder map is a disc about (0.63, 0.32), while the truth is said to lie elsewhere."""
    maps = torch.zeros(1, len(CONCEPTS.names), 64, 64)
    maps[0, VENTRICLE] = torch.from_numpy(disc(64, 64, 20, 40, 9)).float()
    summary = measure_concepts(maps, torch.from_numpy(mask)[None, None].float())[0].numpy().astype(np.float16)
    history = (("include", 0.5, 0.5),) if mask.any() else ()
    geometry = Geometry(0.1, 0.9, not mask.any(), (0.2, 0.2), (0.2, 0.2))
    return Sample("sunnybrook_cmr", target, "acquired", history, geometry, "include", summary, "oracle")


def test_the_first_click_goes_to_the_middle_of_the_map(disc):
    followed = follow_encoder(sample(disc, np.zeros((64, 64), bool)), VENTRICLE)
    assert followed.label == "include"
    assert followed.geometry.click_place == pytest.approx((40.5 / 64, 20.5 / 64), abs=0.01)


def test_a_mask_far_too_large_is_cut_outside_the_map(disc):
    followed = follow_encoder(sample(disc, disc(64, 64, 32, 32, 28)), VENTRICLE)
    assert followed.label == "exclude"
    x, y = followed.geometry.click_place
    assert not disc(64, 64, 20, 40, 9)[int(y * 64), int(x * 64)]
    assert followed.geometry.covered > 0.9 and followed.geometry.outside > 0.7


def test_a_mask_like_the_map_is_good_enough(disc):
    followed = follow_encoder(sample(disc, disc(64, 64, 20, 40, 9)), VENTRICLE)
    assert followed.label == "stop" and followed.geometry.click_place is None


def small_target(disc, mask: np.ndarray, side: int = 2, probability: float = 1) -> Sample:
    """As `sample`, of a target so small that no place in it is deep, about (0.1, 0.1)."""
    maps = torch.zeros(1, len(CONCEPTS.names), 64, 64)
    maps[0, VENTRICLE, 6 : 6 + side, 6 : 6 + side] = probability
    summary = measure_concepts(maps, torch.from_numpy(mask)[None, None].float())[0].numpy().astype(np.float16)
    return replace(sample(disc, mask), summary=summary)


def test_after_two_clicks_on_one_nucleus_a_sliver_stays_as_it_is(disc):
    """Its mask is a cell too wide all round: of a ventricle, or after one click, that is still to be cut."""
    sliver = small_target(disc, np.pad(np.ones((3, 3), bool), ((5, 56), (5, 56))), side=1)
    nucleus = CONCEPTS.names.index((NUCLEI_DATASET, "leftmost-nucleus"))
    summary = np.roll(sliver.summary, nucleus - VENTRICLE, axis=0)
    clicks = (("include", 0.1, 0.1), ("exclude", 0.1, 0.1))
    label = lambda of, concept: follow_encoder(of, concept).label
    assert label(replace(sliver, history=clicks), VENTRICLE) == "exclude"
    of_nucleus = replace(sliver, dataset=NUCLEI_DATASET, target_id="leftmost-nucleus", summary=summary)
    assert label(replace(of_nucleus, history=clicks[:1]), nucleus) == "exclude"
    assert label(replace(of_nucleus, history=clicks), nucleus) == "stop"


def test_a_small_target_is_not_good_enough_before_it_is_found(disc):
    beside = np.zeros((64, 64), bool)
    beside[20:22, 20:22] = True
    followed = follow_encoder(small_target(disc, beside), VENTRICLE)
    assert followed.label != "stop"
    found = np.zeros((64, 64), bool)
    found[6:8, 6:9] = True
    assert follow_encoder(small_target(disc, found), VENTRICLE).label == "stop"


def test_where_nothing_is_deep_enough_to_be_clicked_on_it_is_done(disc):
    found = np.zeros((64, 64), bool)
    found[6, 6] = True
    assert follow_encoder(small_target(disc, found, 1, 0.65), VENTRICLE).label == "stop"


def test_targets_that_are_not_followed_keep_the_simulators_label(disc):
    kept = replace(sample(disc, disc(64, 64, 20, 40, 9)), target_id="cerebellum")
    assert follow_encoder(kept, VENTRICLE) is kept


def test_places_come_back_out_of_their_waves(disc):
    v = sample(disc, np.zeros((64, 64), bool)).summary[VENTRICLE]
    assert read_place(v, 2) == pytest.approx((40.5 / 64, 20.5 / 64), abs=0.01)
