"""What pydicom and nibabel, which know nothing of Ibis, find in exported segmentations.

argv: paths of .dcm, .nii.gz files. Prints one JSON array, one object a file, in order.
"""

import json
import sys

import nibabel
import numpy as np
import pydicom


def judge_code(item):
    return [item.CodingSchemeDesignator, item.CodeValue, item.CodeMeaning]


def judge_segment(segment):
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    modifiers = kind.get("SegmentedPropertyTypeModifierCodeSequence", [])
    return {
        "number": segment.SegmentNumber,
        "label": segment.SegmentLabel,
        "algorithm": segment.SegmentAlgorithmType,
        "type": judge_code(kind),
        "modifiers": [judge_code(modifier) for modifier in modifiers],
    }


def judge_seg(seg):
    """voxels: segment number -> 'sop#frame' of the source -> set pixels."""
    pixels = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    voxels = {}
    for frame, groups in zip(pixels, seg.PerFrameFunctionalGroupsSequence):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        key = f"{source.ReferencedSOPInstanceUID}#{int(source.get('ReferencedFrameNumber', 1))}"
        if seg.SegmentationType == "LABELMAP":
            masks = {int(n): frame == n for n in np.unique(frame) if n != seg.PixelPaddingValue}
        else:
            masks = {groups.SegmentIdentificationSequence[0].ReferencedSegmentNumber: frame}
        for number, mask in masks.items():
            voxels.setdefault(number, {})[key] = np.flatnonzero(mask).tolist()
    return {
        "kind": seg.SegmentationType,
        "sopClass": seg.SOPClassUID,
        "segments": [judge_segment(segment) for segment in seg.SegmentSequence],
        "voxels": voxels,
    }


def judge_nifti(path):
    """voxels: label -> [i, j, k] of its voxels."""
    image = nibabel.load(path)
    data = np.asanyarray(image.dataobj)
    labels = [int(label) for label in np.unique(data) if label != 0]
    return {
        "shape": list(data.shape),
        "affine": image.affine.tolist(),
        "type": str(image.get_data_dtype()),
        "intent": image.header.get_intent()[0],
        "voxels": {label: np.argwhere(data == label).tolist() for label in labels},
    }


def judge(path):
    if path.endswith(".nii.gz"):
        return judge_nifti(path)
    return judge_seg(pydicom.dcmread(path))


print(json.dumps([judge(path) for path in sys.argv[1:]]))
