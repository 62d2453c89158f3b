"""Fills `trainMeanPosition` of the target files: the mean of the ground truth's centroids on the train split."""

import json

import numpy as np

from .cases import load_cases
from .plan import DATASETS
from .targets import REPOSITORY


def write_positions() -> None:
    for dataset in DATASETS:
        places: dict[str, list[tuple[float, float]]] = {}
        for case in load_cases(dataset, "train"):
            rows, columns = np.nonzero(case.truth)
            height, width = case.truth.shape
            places.setdefault(case.target.id, []).append(((columns.mean() + 0.5) / width, (rows.mean() + 0.5) / height))
        path = REPOSITORY / "resources" / "targets" / f"{dataset}.json"
        content = json.loads(path.read_text())
        for target in content["targets"]:
            target["trainMeanPosition"] = [round(float(v), 4) for v in np.mean(places[target["id"]], axis=0)]
        path.write_text(json.dumps(content, indent=2) + "\n")
