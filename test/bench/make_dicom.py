"""Makes the bench's DICOM folders: FOLDER/thousand (10 CT series of 100 slices) and FOLDER/ct512 (512 x 512 x 300)."""

import sys
from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid


def write_series(folder: Path, series_number: int, study_uid: str, frames: np.ndarray) -> None:
    """frames: int16 [slices, rows, columns], in Hounsfield units."""
    series_uid = generate_uid()
    frame_of_reference = generate_uid()
    _, rows, columns = frames.shape
    for k, frame in enumerate(frames):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        image.SOPClassUID = CTImageStorage
        image.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
        image.PatientName = "Bench^Synthetic"
        image.PatientID = "BENCH"
        image.PatientBirthDate = ""
        image.PatientSex = "O"
        image.StudyInstanceUID = study_uid
        image.StudyID = "1"
        image.StudyDate = "20240101"
        image.StudyTime = "120000"
        image.StudyDescription = "Synthetic CT"
        image.AccessionNumber = ""
        image.ReferringPhysicianName = ""
        image.Modality = "CT"
        image.Manufacturer = "Ibis bench"
        image.SeriesInstanceUID = series_uid
        image.SeriesNumber = series_number
        image.SeriesDescription = f"Series {series_number}"
        image.FrameOfReferenceUID = frame_of_reference
        image.PositionReferenceIndicator = ""
        image.InstanceNumber = k + 1
        image.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        image.ImagePositionPatient = [-175.0, -175.0, float(k)]
        image.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        image.PixelSpacing = [350.0 / rows, 350.0 / columns]
        image.SliceThickness = 1.0
        image.KVP = 120
        image.SamplesPerPixel = 1
        image.PhotometricInterpretation = "MONOCHROME2"
        image.Rows = rows
        image.Columns = columns
        image.BitsAllocated = 16
        image.BitsStored = 16
        image.HighBit = 15
        image.PixelRepresentation = 1
        image.RescaleIntercept = 0
        image.RescaleSlope = 1
        image.RescaleType = "HU"
        image.WindowCenter = 40
        image.WindowWidth = 400
        image.PixelData = frame.astype("<i2").tobytes()
        image.save_as(folder / f"{series_number:02d}-{k:04d}.dcm", enforce_file_format=True)


def phantom(slices: int, size: int, seed: int) -> np.ndarray:
    """A body with a few organs and scanner noise: int16 [slices, size, size]."""
    random = np.random.default_rng(seed)
    axis = np.linspace(-1, 1, size, dtype=np.float32)
    y, x = np.meshgrid(axis, axis, indexing="ij")
    volume = np.empty((slices, size, size), np.int16)
    for k in range(slices):
        z = 2 * k / slices - 1
        frame = np.full((size, size), -1000, np.float32)
        frame[(x / 0.9) ** 2 + (y / 0.7) ** 2 < 1] = 40
        for organ in range(4):
            cx, cy, radius = 0.4 * np.cos(organ * 1.6), 0.3 * np.sin(organ * 1.6), 0.2
            inside = (x - cx) ** 2 + (y - cy) ** 2 + 0.1 * z**2 < radius**2
            frame[inside] = (-800, 60, 120, 700)[organ]
        volume[k] = frame + random.normal(0, 12, frame.shape)
    return volume


def main() -> None:
    root = Path(sys.argv[1])
    for name, series, slices, size in (("thousand", 10, 100, 256), ("ct512", 1, 300, 512)):
        folder = root / name
        if (folder / ".done").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        study_uid = generate_uid()
        for number in range(1, series + 1):
            write_series(folder, number, study_uid, phantom(slices, size, number))
        (folder / ".done").touch()


main()
