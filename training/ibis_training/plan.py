"""Which cases are trained on, which are held out to choose by. Test splits are never touched here."""

import random

import numpy as np

from .cases import DEMO_DATASET, Case, is_validation, load_cases, split_files
from .environment import Task
from .requests import draw_absent_request, draw_request
from .variants import NUCLEI_DATASET, absent_ids, everywhere, mirror_case, random_crops, vary_head

CROP_TARGETS = 2  # of all that can be asked of a cut-out
DATASETS = ("sunnybrook_cmr", "hc18_fetal_us", "msd_hippocampus_mri", DEMO_DATASET, "dsb2018_nuclei")


def validation_cases(dataset: str) -> list[Case]:
    """Held-out patients or volumes of the train split; in the demo head, the target file's own slices."""
    if dataset == DEMO_DATASET:
        return list(load_cases(dataset, "train"))
    cases = list(load_cases(dataset, "train", [f for f in split_files(dataset, "train") if is_validation(dataset, f)]))
    return cases[::2] if dataset == "sunnybrook_cmr" else cases


def training_cases(dataset: str) -> list[Case]:
    """The rest of the train split; in the demo head, every other slice that is not one of the target file's."""
    if dataset != DEMO_DATASET:
        return list(load_cases(dataset, "train", [f for f in split_files(dataset, "train") if not is_validation(dataset, f)]))
    held_out = {c.slice_index for c in load_cases(dataset, "train")}
    cases = list(load_cases(dataset, "train", targets=everywhere(dataset)))
    return [c for c in cases if c.slice_index not in held_out]


def has_segmenter_states(case: Case) -> bool:
    """Cine frames of one heart are alike: only every other one is run through the segmenter."""
    return case.dataset != "sunnybrook_cmr" or int(case.file_name.removesuffix(".png").rsplit("-", 1)[1]) % 2 == 0


def some(everything: list, limit: int | None) -> list:
    """So many of them, always the same ones."""
    return everything if limit is None or limit >= len(everything) else random.Random(0).sample(everything, limit)


def varied_cases(dataset: str, limit: int | None = None, seed: int = 0, mirrored: float = 0.15, heads: int = 3, crops: int = 2) -> list[Case]:
    """The training cases to act on, with what variety can be made of them: cut-outs of nuclei, the one head bent and
    recoloured, a share of all in the mirror. `limit`: of cases and of nuclei images, drawn by chance, so that they are not of one patient."""
    cases, rng = some([c for c in training_cases(dataset) if has_segmenter_states(c)], limit), np.random.default_rng(seed)
    made: list[Case | None] = []
    if dataset == NUCLEI_DATASET:
        files = some([f for f in split_files(dataset, "train") if not is_validation(dataset, f)], limit)
        parts = [part for f in files for part in random_crops(f, rng, crops)]
        made += [part[k] for part in parts for k in rng.permutation(len(part))[:CROP_TARGETS]]
    if dataset == DEMO_DATASET:
        made += [vary_head(c, seed) for seed in range(1, heads + 1) for c in cases]
    made += [mirror_case(c) for c in cases if rng.random() < mirrored]
    return cases + [c for c in made if c is not None]


def draw_task(cases: dict[str, dict[str, list[Case]]], absent_share: float, rng: random.Random) -> Task:
    """Data sets alike, of one its targets alike (`cases` by both), any of their cases, asked for in any way; a share asks for what is not there."""
    of_set = cases[rng.choice(sorted(cases))]
    case = rng.choice(of_set[rng.choice(sorted(of_set))])
    if rng.random() < absent_share:
        return Task(case, draw_absent_request(case.dataset, absent_ids(case), rng), rng.randrange(1 << 30))
    return Task(case, draw_request(case.dataset, case.target, rng), rng.randrange(1 << 30))
