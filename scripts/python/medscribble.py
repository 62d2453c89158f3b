"""MedScribble as a data set for `ibis eval`: medscribble.py SOURCE OUT.

SOURCE holds <task>/<case>/{image,mask}.png. OUT gets images/, labels/ (one value a task, so that every task is a target of
its own), split.json (all of it is `test`: it is never trained on) and targets.json.
"""

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image


def main(source: Path, out: Path) -> None:
    tasks = sorted({p.parent.parent.name for p in source.glob("*/*/mask.png")})
    names = []
    for folder in ("images", "labels"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for value, task in enumerate(tasks, start=1):
        for case in sorted((source / task).iterdir()):
            if not (case / "mask.png").exists():
                continue
            name = f"{task}-{case.name}.png"
            names.append(name)
            Image.open(case / "image.png").save(out / "images" / name)
            Image.fromarray((np.asarray(Image.open(case / "mask.png").convert("L")) > 0).astype(np.uint8) * value).save(out / "labels" / name)
    targets = [
        {"id": task, "name": task, "labels": [value], "requests": [f"Segment the structure of {task}."], "axis": "acquired", "slices": {"rule": "all"},
         "instances": "merged", "minPixels": 1, "window": {"rule": "percentile", "low": 1, "high": 99}}
        for value, task in enumerate(tasks, start=1)
    ]
    (out / "split.json").write_text(json.dumps({"train": [], "test": names}))
    (out / "targets.json").write_text(json.dumps({"schemaVersion": 1, "dataset": "medscribble", "modality": "mixed", "targets": targets}, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
