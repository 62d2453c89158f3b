"""Unpacks COCO annotations (argv[1]): category -> image id -> set pixels, row by row, with areas and boxes checked.

By pycocotools where it is installed, else by its documented run-length rules.
"""

import json
import sys

import numpy as np

try:
    from pycocotools import mask as masks
except ImportError:
    masks = None


def decode_runs(text):
    """rleFrString of pycocotools' maskApi.c."""
    runs, at = [], 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            letter = ord(text[at]) - 48
            value |= (letter & 0x1F) << (5 * shift)
            more = bool(letter & 0x20)
            at += 1
            shift += 1
            if not more and letter & 0x10:
                value |= -1 << (5 * shift)
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs


def decode(segmentation):
    height, width = segmentation["size"]
    if masks is not None:
        return masks.decode({"size": [height, width], "counts": segmentation["counts"].encode()})
    runs = decode_runs(segmentation["counts"])
    values = np.arange(len(runs)) % 2
    return np.repeat(values, runs).reshape(width, height).T


coco = json.load(open(sys.argv[1], encoding="utf-8"))
known = {image["id"] for image in coco["images"]}
found = {}
for annotation in coco["annotations"]:
    mask = decode(annotation["segmentation"])
    rows, columns = np.nonzero(mask)
    left, top, width, height = annotation["bbox"]
    assert annotation["area"] == len(rows) and annotation["image_id"] in known
    assert [left, top] == [columns.min(), rows.min()]
    assert [left + width - 1, top + height - 1] == [columns.max(), rows.max()]
    ofSegment = found.setdefault(annotation["category_id"], {})
    ofSegment[annotation["image_id"]] = np.flatnonzero(mask).tolist()
print(json.dumps({"voxels": found, "names": [image["file_name"] for image in coco["images"]]}))
