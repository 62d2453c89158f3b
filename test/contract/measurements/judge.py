"""Reads measurement reports as another program would: python judge.py REPORT FOLDER -> JSON a group, measured again with pydicom and numpy."""

import json
import sys
from pathlib import Path

import numpy
import pydicom
from pydicom.sr.codedict import codes

report, folder = pydicom.dcmread(sys.argv[1]), Path(sys.argv[2])
sources = {file.SOPInstanceUID: file for file in map(pydicom.dcmread, sorted(folder.rglob("*.dcm")))}


def concept(item):
    return item.ConceptNameCodeSequence[0].CodeValue if "ConceptNameCodeSequence" in item else ""


def children(item):
    return item.get("ContentSequence", [])


def below(item):
    for child in children(item):
        yield child
        yield from below(child)


def frame_of(reference):
    """Modality values and the spacing (rows, columns) of the image that a region is drawn on."""
    source = sources[reference.ReferencedSOPInstanceUID]
    number = int(reference.get("ReferencedFrameNumber", 1))
    pixels = source.pixel_array
    if pixels.ndim == 3:
        pixels = pixels[number - 1]
        groups = [source.SharedFunctionalGroupsSequence[0], source.PerFrameFunctionalGroupsSequence[number - 1]]
        spacing = next(g.PixelMeasuresSequence[0].PixelSpacing for g in groups if "PixelMeasuresSequence" in g)
        slope = intercept = None
        for g in groups:
            for t in g.get("PixelValueTransformationSequence", []):
                slope, intercept = t.RescaleSlope, t.RescaleIntercept
    else:
        spacing = source.PixelSpacing
        slope, intercept = source.get("RescaleSlope"), source.get("RescaleIntercept")
    values = pixels.astype(float) * float(slope if slope is not None else 1) + float(intercept if intercept is not None else 0)
    return values, [float(s) for s in spacing]


def measure_region(kind, points, values, spacing):
    rows, columns = numpy.mgrid[0 : values.shape[0], 0 : values.shape[1]] + 0.5
    if kind == "ELLIPSE":
        (a, b, c, d) = points
        middle, u, v = (a + b) / 2, (b - a) / 2, (d - c) / 2
        factor = numpy.pi
    else:
        (a, b, c, d, _) = points
        middle, u, v = (a + c) / 2, (b - a) / 2, (c - b) / 2
        factor = 4
    inverse = numpy.linalg.inv(numpy.stack([u, v], axis=1))
    s, t = numpy.moveaxis(numpy.stack([columns - middle[0], rows - middle[1]], -1) @ inverse.T, -1, 0)
    inside = values[(s * s + t * t <= 1) if kind == "ELLIPSE" else (abs(s) <= 1) & (abs(t) <= 1)]
    area = factor * abs(u[0] * v[1] - u[1] * v[0]) * spacing[0] * spacing[1]
    return {"area": area, "mean": inside.mean(), "deviation": inside.std(), "minimum": inside.min(), "maximum": inside.max()}


def measure_line(points):
    if len(points) == 3:
        u, v = points[0] - points[1], points[2] - points[1]
        return {"angle": float(numpy.degrees(numpy.arccos(u @ v / numpy.linalg.norm(u) / numpy.linalg.norm(v))))}
    return {"length": float(numpy.linalg.norm(points[1] - points[0]))}


def look_at(group):
    told, graphics = {}, []
    for item in children(group):
        if item.ValueType == "NUM":
            measured = item.MeasuredValueSequence[0]
            derivation = [c.ConceptCodeSequence[0].CodeMeaning for c in children(item) if concept(c) == codes.DCM.Derivation.value]
            name = derivation[0] if derivation else item.ConceptNameCodeSequence[0].CodeMeaning
            told[name] = [float(measured.NumericValue), measured.MeasurementUnitsCodeSequence[0].CodeValue]
        if item.ValueType.startswith("SCOORD"):
            graphics.append(item)
        graphics += [c for c in children(item) if c.ValueType.startswith("SCOORD")]
    measured, images = [], []
    for graphic in graphics:
        if graphic.ValueType == "SCOORD3D":
            points = numpy.array(graphic.GraphicData, dtype=float).reshape(-1, 3)
            images.append(None)
            measured.append(measure_line(points) if graphic.GraphicType == "POLYLINE" else {"points": points.tolist()})
            continue
        reference = children(graphic)[0].ReferencedSOPSequence[0]
        points = numpy.array(graphic.GraphicData, dtype=float).reshape(-1, 2)
        values, spacing = frame_of(reference)
        images.append([reference.ReferencedSOPInstanceUID, int(reference.get("ReferencedFrameNumber", 1))])
        isRegion = graphic.GraphicType == "ELLIPSE" or len(points) > 3
        measured.append(
            measure_region(graphic.GraphicType, points, values, spacing)
            if isRegion
            else measure_line(points * numpy.array([spacing[1], spacing[0]]))
        )
    text = [i.TextValue for i in children(group) if concept(i) == codes.DCM.Comment.value]
    tracking = next(i.TextValue for i in children(group) if concept(i) == codes.DCM.TrackingIdentifier.value)
    return {"tracking": tracking, "text": text, "told": told, "measured": measured, "images": images}


evidence = [
    [series.SeriesInstanceUID, [sop.ReferencedSOPInstanceUID for sop in series.ReferencedSOPSequence]]
    for study in report.CurrentRequestedProcedureEvidenceSequence
    for series in study.ReferencedSeriesSequence
]
print(
    json.dumps(
        {
            "sopClass": report.SOPClassUID.name,
            "title": concept(report),
            "template": report.ContentTemplateSequence[0].TemplateIdentifier,
            "patient": str(report.PatientName),
            "evidence": evidence,
            "groups": [look_at(item) for item in below(report) if concept(item) == codes.DCM.MeasurementGroup.value],
        }
    )
)
