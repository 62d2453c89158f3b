"""What pydicom and nibabel, which know nothing of Ibis, find in exported files.

argv: paths of .dcm and .nii.gz files. Prints one JSON array, one object a file, in order. A folder: the
pixels above 500 of each of its images, as {"sop#frame": [pixels]}.
"""

import json
import sys
from pathlib import Path

import nibabel
import numpy as np
import pydicom


def judge_seg(path):
    with open(path, "rb") as file:
        preamble = file.read(128)
    seg = pydicom.dcmread(path)
    pixels = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
    shared = seg.SharedFunctionalGroupsSequence[0]
    frames, points = [], []
    for mask, groups in zip(pixels, seg.PerFrameFunctionalGroupsSequence):
        source = groups.DerivationImageSequence[0].SourceImageSequence[0]
        frame = {
            "sop": source.ReferencedSOPInstanceUID,
            "frame": int(source.get("ReferencedFrameNumber", 1)),
            "on": np.flatnonzero(mask).tolist(),
        }
        if "PlanePositionSequence" in groups:
            position = np.array(groups.PlanePositionSequence[0].ImagePositionPatient, float)
            cosines = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
            row_mm, column_mm = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
            rows, columns = np.nonzero(mask)
            points.append(
                position
                + np.outer(columns * column_mm, cosines[:3])
                + np.outer(rows * row_mm, cosines[3:])
            )
        frames.append(frame)
    segment = seg.SegmentSequence[0]
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    modifiers = kind.get("SegmentedPropertyTypeModifierCodeSequence", [])
    referenced = seg.ReferencedSeriesSequence[0]
    return {
        "preambleIsZero": preamble == bytes(128),
        "values": sorted({int(value) for value in np.unique(pixels)}),
        "frames": frames,
        "centroid": np.concatenate(points).mean(axis=0).tolist() if points else None,
        "patientName": str(seg.PatientName),
        "patientId": seg.PatientID,
        "study": seg.StudyInstanceUID,
        "series": seg.SeriesInstanceUID,
        "instance": seg.SOPInstanceUID,
        "metaInstance": seg.file_meta.MediaStorageSOPInstanceUID,
        "frameOfReference": seg.get("FrameOfReferenceUID"),
        "referencedSeries": referenced.SeriesInstanceUID,
        "referencedInstances": [i.ReferencedSOPInstanceUID for i in referenced.ReferencedInstanceSequence],
        "label": segment.SegmentLabel,
        "description": segment.SegmentDescription,
        "algorithm": [segment.SegmentAlgorithmType, segment.get("SegmentAlgorithmName", "")],
        "identification": next((each.AlgorithmVersion for each in segment.get("SegmentationAlgorithmIdentificationSequence", [])), ""),
        "code": [kind.CodeValue, kind.CodingSchemeDesignator, kind.CodeMeaning],
        "modifier": [m.CodeMeaning for m in modifiers],
        "notice": seg.ContentDescription,
        "lossy": seg.LossyImageCompression,
        "creator": str(seg.ContentCreatorName),
    }


def judge_nifti(path):
    image = nibabel.load(path)
    data = np.asanyarray(image.dataobj)
    on = np.argwhere(data == 1)
    centroid = (image.affine @ np.append(on.mean(axis=0), 1))[:3].tolist() if len(on) else None
    return {
        "shape": list(data.shape),
        "values": sorted({int(value) for value in np.unique(data)}),
        "on": on.tolist(),
        "centroidRas": centroid,
        "affine": image.affine.tolist(),
        "type": str(image.get_data_dtype()),
        "codes": [int(image.header["qform_code"]), int(image.header["sform_code"])],
    }


def judge_source(folder):
    bright = {}
    for path in Path(folder).glob("*.dcm"):
        image = pydicom.dcmread(path)
        frames = image.pixel_array.reshape(-1, image.Rows * image.Columns)
        for number, frame in enumerate(frames, 1):
            bright[f"{image.SOPInstanceUID}#{number}"] = np.flatnonzero(frame > 500).tolist()
    return bright


def judge(path):
    if Path(path).is_dir():
        return judge_source(path)
    return judge_nifti(path) if path.endswith(".nii.gz") else judge_seg(path)


print(json.dumps([judge(path) for path in sys.argv[1:]]))
