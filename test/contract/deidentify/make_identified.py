"""A study that names its patient wherever a file can. argv: the folder to write to.

Words that identify are those of `identifying` in deidentifyCase.ts, and UIDs begin with ROOT.
"""

import sys
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless,
    SecondaryCaptureImageStorage, UltrasoundImageStorage,
)

ROOT = "1.2.826.0.1.3680043.9.7331"
SYNTAXES = {
    "explicit": ExplicitVRLittleEndian, "implicit": ImplicitVRLittleEndian, "big": ExplicitVRBigEndian,
    "deflated": DeflatedExplicitVRLittleEndian, "rle": RLELossless,
}

SERIES = {"CT": 1, "US": 2, "OT": 3}


def item(**attributes):
    made = Dataset()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


def code(value, meaning):
    return item(CodeValue=value, CodingSchemeDesignator="99LOCAL", CodeMeaning=meaning)


def describe(dataset, number, sop_class, modality, study=1):
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, f"{ROOT}.1.{study}.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = f"{ROOT}.10{study}", f"{ROOT}.20{study}.{SERIES[modality]}", f"{ROOT}.30{study}"
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate, dataset.PatientSex = "Zweistein^Albertine^Q^Dr.", "MRN-4711-98", "19430217", "F"
    dataset.PatientAge, dataset.PatientWeight, dataset.OtherPatientIDs = "075Y", "61.5", ["OLD-4712", "OLD-4713"]
    dataset.PatientAddress, dataset.PatientTelephoneNumbers, dataset.PatientMotherBirthName = "Lindenallee 77, Musterstadt", "030-5551234", "Brandtwijk^Ute"
    dataset.PatientComments = "Frau Zweistein, Nichte von Brandtwijk, ruft aus Musterstadt an"
    dataset.StudyDate, dataset.SeriesDate, dataset.AcquisitionDate, dataset.ContentDate = "20180309", "20180309", "20180310", "20180310"
    dataset.StudyTime, dataset.SeriesTime, dataset.AcquisitionTime, dataset.ContentTime = "101112", "101113", "101114", "101115"
    dataset.AcquisitionDateTime, dataset.InstanceCreationDate = "20180310101114.5", "20180310"
    dataset.AccessionNumber, dataset.StudyID, dataset.SeriesNumber, dataset.InstanceNumber = "ACC8812345", "STUDY8812", 4, number
    dataset.ReferringPhysicianName, dataset.OperatorsName, dataset.PerformingPhysicianName = "Uberweiser^Gisela", "Bediener^Kurt", ["Ausfuhrer^Rolf", "Helferich^Ida"]
    dataset.InstitutionName, dataset.InstitutionAddress, dataset.StationName = "Klinikum Elsewhere", "Elsewhere 12", "CTRAUM7"
    dataset.InstitutionalDepartmentName, dataset.DeviceSerialNumber, dataset.Manufacturer = "Radiologie Elsewhere", "SN-99817", "Maker"
    dataset.StudyDescription, dataset.SeriesDescription = "Thorax Zweistein 09.03.2018, Größe", "Lunge nativ, Dr. Uberweiser"
    dataset.ProtocolName, dataset.BodyPartExamined, dataset.ImageComments = "Thorax ACC8812345", "CHEST", "siehe MRN-4711-98"
    dataset.ImageType, dataset.Modality = ["ORIGINAL", "PRIMARY", "AXIAL"], modality
    dataset.DeviceUID, dataset.IrradiationEventUID = f"{ROOT}.401", f"{ROOT}.402"
    dataset.ReferencedStudySequence = Sequence([item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=f"{ROOT}.10{study}")])
    dataset.SourceImageSequence = Sequence([item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=f"{ROOT}.1.{study}.1", PurposeOfReferenceCodeSequence=Sequence([code("113135", "Zweistein")]))])
    dataset.RequestAttributesSequence = Sequence([item(
        ScheduledProcedureStepDescription="Albertine Zweistein", ScheduledProcedureStepID="ACC8812345", RequestedProcedureID="REQ8812345",
        ReasonForTheRequestedProcedure="Verdacht bei Zweistein", RequestedProcedureDescription="Thorax",
    )])
    dataset.ProcedureCodeSequence = Sequence([code("THX", "Thorax, Zweistein")])
    # Attributes that the profile does not list, with words and UIDs that it would remove elsewhere.
    dataset.ContentDescription, dataset.ContentLabel = "Bild von Zweistein", "BILD"
    dataset.VolumeFrameOfReferenceUID = f"{ROOT}.403"
    dataset.AcquisitionStartCondition = "MANUAL"
    dataset.add_new(0x00189FF1, "LO", "no attribute of DICOM: Zweistein")  # unknown
    dataset.add_new(0x00400A99, "UN", b"Zweistein, unknown")
    block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "1000")
    block.add_new(0x40, "LO", "Zweistein in a private attribute")
    block = dataset.private_block(0x0029, "MAKER'S OWN", create=True)
    block.add_new(0x10, "SQ", [item(PatientName="Zweistein^Albertine", PatientID="MRN-4711-98")])
    block.add_new(0x11, "OB", b"header: Zweistein MRN-4711-98 ")
    dataset.add_new(0x60000010, "US", 4)
    dataset.add_new(0x60000011, "US", 4)
    dataset.add_new(0x60003000, "OW", b"Zweistein!")
    dataset.add_new(0x60004000, "LT", "overlay of Zweistein")


def write(path, syntax, number, sop_class=CTImageStorage, modality="CT", study=1, **changes):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = syntax, sop_class
    meta.MediaStorageSOPInstanceUID = f"{ROOT}.1.{study}.{number}"
    meta.SourceApplicationEntityTitle = "ZWEISTEIN_AE"
    meta.PrivateInformationCreatorUID, meta.PrivateInformation = f"{ROOT}.9", b"Zweistein here  "
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"II*\x00 a TIFF of Zweistein".ljust(128, b"\0"))
    describe(dataset, number, sop_class, modality, study)
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 8, 6, 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 12, 11, 0
    dataset.PixelSpacing, dataset.SliceThickness, dataset.ImageOrientationPatient = ["0.5", "0.75"], "2", ["1", "0", "0", "0", "1", "0"]
    dataset.ImagePositionPatient, dataset.RescaleIntercept, dataset.RescaleSlope = ["-1.5", "2", str(number * 2)], "-1024", "1"
    for name, value in changes.items():
        setattr(dataset, name, value)
    pixels = (np.arange(48, dtype=np.uint16) * 37 + number).reshape(8, 6) % 4096
    if syntax == RLELossless:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.PixelData = pixels.tobytes()
        dataset["PixelData"].VR = "OW"
        dataset.compress(RLELossless, generate_instance_uid=False)
    else:
        dataset.PixelData = pixels.astype(">u2" if syntax == ExplicitVRBigEndian else "<u2").tobytes()
        dataset["PixelData"].VR = "OW"
    dataset.add_new(0xFFFCFFFC, "OB", b"padding with Zweistein  ")
    with open(path, "wb") as out:
        pydicom.dcmwrite(out, dataset, enforce_file_format=True)


def main(folder):
    for number, (name, syntax) in enumerate(SYNTAXES.items(), start=1):
        write(folder / f"Zweistein-{name}.dcm", syntax, number)
    write(folder / "Zweistein-us.dcm", ExplicitVRLittleEndian, 11, UltrasoundImageStorage, "US")
    write(folder / "Zweistein-us-clean.dcm", ExplicitVRLittleEndian, 12, UltrasoundImageStorage, "US", BurnedInAnnotation="NO")
    write(folder / "Zweistein-sc.dcm", ExplicitVRLittleEndian, 13, SecondaryCaptureImageStorage, "OT")
    write(folder / "Zweistein-burned.dcm", ExplicitVRLittleEndian, 14, BurnedInAnnotation="YES")
    write(folder / "Zweistein-later.dcm", ExplicitVRLittleEndian, 21, study=2, StudyDate="20180409", PatientName="ZWEISTEIN^ALBERTINE")
    (folder / "notes about Zweistein.txt").write_text("no DICOM")


main(Path(sys.argv[1]))
