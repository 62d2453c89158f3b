import numpy as np
import torch

from ibis_training.instances import find_instances, rank_maps
from ibis_training.targets import Ranked, rank_instances

RULES = tuple(Ranked(by, order, rank, 0.0) for by in ("area", "x", "y") for order in ("ascending", "descending") for rank in (0, 1, 2))


def drawn(disc, places):
    """(label map int [64, 64], nuclei, cores as f32 [1, 1, 64, 64])"""
    labels, cores = np.zeros((64, 64), int), np.zeros((64, 64), bool)
    for k, (row, column, radius) in enumerate(places):
        labels[disc(64, 64, row, column, radius)] = k + 1
        cores |= disc(64, 64, row, column, max(1, radius // 2))
    tensor = lambda a: torch.from_numpy(a.astype(np.float32))[None, None]
    return labels, tensor(labels > 0), tensor(cores)


def test_instances_are_ranked_as_the_target_files_rule_says(disc):
    labels, nuclei, cores = drawn(disc, [(10, 12, 6), (14, 40, 9), (45, 20, 4), (50, 50, 3), (30, 33, 5)])
    maps = rank_maps(find_instances(nuclei, cores), RULES)[0].numpy() > 0.5
    for found, rule in zip(maps, RULES):
        expected = rank_instances(labels, rule)
        assert (found & expected).sum() / (found | expected).sum() > 0.85, rule


def test_touching_nuclei_come_apart_by_their_cores(disc):
    _, nuclei, cores = drawn(disc, [(30, 20, 8), (30, 35, 8)])
    instances = find_instances(nuclei, cores)[0].numpy() > 0.5
    assert sorted(int(i.sum() > 100) for i in instances)[-2:] == [1, 1] and (instances.sum(0) <= 1).all()


def test_with_too_few_nuclei_there_is_no_third(disc):
    _, nuclei, cores = drawn(disc, [(30, 20, 8), (30, 45, 6)])
    maps = rank_maps(find_instances(nuclei, cores), (Ranked("x", "ascending", 1, 0.0), Ranked("x", "ascending", 2, 0.0)))
    assert maps[0, 0].sum() > 50 and maps[0, 1].sum() == 0
    assert rank_maps(find_instances(nuclei * 0, cores * 0), RULES).sum() == 0


def test_a_nucleus_that_fills_the_picture_is_one(disc):
    _, nuclei, cores = drawn(disc, [(32, 32, 31)])
    cores = nuclei
    maps = rank_maps(find_instances(nuclei, cores), (Ranked("area", "descending", 0, 0.0), Ranked("area", "descending", 1, 0.0)))
    assert maps[0, 0].sum() > 2500 and maps[0, 1].sum() == 0
