"""What pydicom, which knows nothing of Ibis, reads of DICOM files. argv: paths. Prints a JSON array, one object a file.

Every element is read, in sequences too. `values`: path of tags -> value as text.
"""

import hashlib
import json
import sys
import warnings
from pathlib import Path

import pydicom

warnings.simplefilter("ignore")


def walk(dataset, prefix=""):
    for element in dataset:
        path = f"{prefix}{element.tag.group:04x}{element.tag.elem:04x}"
        if element.VR == "SQ":
            yield path, f"{len(element.value)} items"
            for number, item in enumerate(element.value):
                yield from walk(item, f"{path}[{number}].")
        elif element.tag != 0x7FE00010:
            yield path, str(element.value)


def judge(path):
    raw = Path(path).read_bytes()
    dataset = pydicom.dcmread(path, force=True)
    try:
        pixels = hashlib.sha256(dataset.pixel_array.tobytes()).hexdigest()
    except (AttributeError, ValueError, NotImplementedError, RuntimeError):
        pixels = hashlib.sha256(dataset.get("PixelData", b"")).hexdigest()
    return {
        "values": dict(walk(dataset)),
        "meta": dict(walk(dataset.file_meta)),
        "pixels": pixels,
        "preambleIsZero": raw[:128] == bytes(128),
        "text": raw.decode("latin-1"),
    }


json.dump([judge(path) for path in sys.argv[1:]], sys.stdout)
