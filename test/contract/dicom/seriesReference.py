"""Order, place and content of series, as pydicom and nibabel see them; JSON on standard output.

    python seriesReference.py PATH...      a folder of DICOM slices, or a NIfTI file

  {path, corner, far, uids, sums}  corner, far: LPS mm of the first and the last voxel's centre;
  uids: SOP instance UIDs from k = 0 on (empty for NIfTI); sums: sum of the modality values of each slice
"""

import glob
import json
import os
import sys

import numpy as np


def dicom_series(folder):
    import pydicom

    slices = [pydicom.dcmread(path) for path in glob.glob(os.path.join(folder, "*.dcm"))]
    orientation = np.array([float(v) for v in slices[0].ImageOrientationPatient])
    column, row = orientation[:3], orientation[3:]
    normal = np.cross(column, row)
    slices.sort(key=lambda ds: float(np.dot(normal, [float(v) for v in ds.ImagePositionPatient])))
    first, last = slices[0], slices[-1]
    position = lambda ds: np.array([float(v) for v in ds.ImagePositionPatient])  # noqa: E731
    far = (
        position(last)
        + column * float(last.PixelSpacing[1]) * (int(last.Columns) - 1)
        + row * float(last.PixelSpacing[0]) * (int(last.Rows) - 1)
    )
    values = [
        ds.pixel_array.astype(float) * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0))
        for ds in slices
    ]
    return {
        "corner": position(first).tolist(),
        "far": far.tolist(),
        "uids": [str(ds.SOPInstanceUID) for ds in slices],
        "sums": [float(value.sum()) for value in values],
    }


def nifti(path):
    import nibabel

    image = nibabel.load(path)
    to_lps = np.diag([-1, -1, 1, 1]) @ image.affine
    last = np.array([*(size - 1 for size in image.shape[:3]), 1])
    data = image.get_fdata()
    return {
        "corner": (to_lps @ [0, 0, 0, 1])[:3].tolist(),
        "far": (to_lps @ last)[:3].tolist(),
        "uids": [],
        "sums": [float(data[:, :, k].sum()) for k in range(data.shape[2])],
    }


print(
    json.dumps(
        [
            {"path": path, **(dicom_series(path) if os.path.isdir(path) else nifti(path))}
            for path in sys.argv[1:]
        ]
    )
)
