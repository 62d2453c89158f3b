"""Which cases are trained on, which are held out to choose by. Test splits are never touched here."""

from dataclasses import replace

from .cases import DEMO_DATASET, Case, is_validation, load_cases, split_files
from .targets import load_targets

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
    everywhere = tuple(replace(t, slices={"rule": "all"}) for t in load_targets(dataset).targets)
    cases = list(load_cases(dataset, "train", targets=everywhere))
    return [c for c in cases if c.slice_index not in held_out]


def has_segmenter_states(case: Case) -> bool:
    """Cine frames of one heart are alike: only every other one is run through the segmenter."""
    return case.dataset != "sunnybrook_cmr" or int(case.file_name.removesuffix(".png").rsplit("-", 1)[1]) % 2 == 0
