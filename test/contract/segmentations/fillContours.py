"""Fills the contours of an RTSTRUCT: argv[1] the file, argv[2] the folder of its images.

An even-odd fill by pydicom and scikit-image, which know nothing of Ibis: ROI number -> 'sop#frame' -> set pixels.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pydicom
from skimage.measure import points_in_poly


def read_planes(folder):
    """'sop#frame' -> corner, steps between columns and rows (mm), rows, columns."""
    planes = {}
    for path in Path(folder).glob("*.dcm"):
        image = pydicom.dcmread(path)
        shared = image.get("SharedFunctionalGroupsSequence")
        for n in range(int(image.get("NumberOfFrames", 1))):
            if shared:
                frame = image.PerFrameFunctionalGroupsSequence[n]
                position = frame.PlanePositionSequence[0].ImagePositionPatient
                cosines = shared[0].PlaneOrientationSequence[0].ImageOrientationPatient
                spacing = shared[0].PixelMeasuresSequence[0].PixelSpacing
            else:
                position, cosines = image.ImagePositionPatient, image.ImageOrientationPatient
                spacing = image.PixelSpacing
            cosines = np.array(cosines, float)
            steps = np.stack([cosines[:3] * float(spacing[1]), cosines[3:] * float(spacing[0])])
            key = f"{image.SOPInstanceUID}#{n + 1}"
            planes[key] = (np.array(position, float), steps, image.Rows, image.Columns)
    return planes


def fill(contour, plane):
    corner, steps, rows, columns = plane
    points = np.array(contour.ContourData, float).reshape(-1, 3) - corner
    pixels = np.stack([points @ step / (step @ step) for step in steps], axis=1)
    off_plane = np.abs(points - pixels @ steps).max()
    if off_plane > 1e-3:
        raise ValueError(f"a contour lies {off_plane} mm off its image")
    centres = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2)
    return points_in_poly(centres, pixels)


structures = pydicom.dcmread(sys.argv[1])
planes = read_planes(sys.argv[2])
found = {}
for roi in structures.ROIContourSequence:
    filled = {}
    for contour in roi.get("ContourSequence", []):
        image = contour.ContourImageSequence[0]
        key = f"{image.ReferencedSOPInstanceUID}#{int(image.get('ReferencedFrameNumber', 1))}"
        mask = fill(contour, planes[key])
        filled[key] = filled[key] ^ mask if key in filled else mask
    found[int(roi.ReferencedROINumber)] = {
        key: np.flatnonzero(mask).tolist() for key, mask in filled.items() if mask.any()
    }
print(json.dumps(found))
