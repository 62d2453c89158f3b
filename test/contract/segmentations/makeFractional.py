"""Rewrites a BINARY SEG (argv[1]) as FRACTIONAL: argv[2] plain, argv[3] compressed by RLE.

Inside lie values from 100 (half of the maximum, 200) on, outside those below.
"""

import sys

import numpy as np
import pydicom
from pydicom.uid import RLELossless

seg = pydicom.dcmread(sys.argv[1])
inside = seg.pixel_array.reshape(-1, seg.Rows, seg.Columns)
noise = np.arange(inside.size).reshape(inside.shape) * 37 % 100
values = np.where(inside == 1, 100 + noise, np.minimum(noise, 99)).astype(np.uint8)
seg.SegmentationType = "FRACTIONAL"
seg.SegmentationFractionalType = "PROBABILITY"
seg.MaximumFractionalValue = 200
seg.BitsAllocated = seg.BitsStored = 8
seg.HighBit = 7
data = values.tobytes()
seg.PixelData = data + b"\0" * (len(data) % 2)
seg.save_as(sys.argv[2])
seg.compress(RLELossless)
seg.save_as(sys.argv[3])
