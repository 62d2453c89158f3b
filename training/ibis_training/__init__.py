"""Training of Ibis policies: see training/README.md for the commands."""

import os

# Before onnxruntime is imported anywhere: since 1.29 it reports usage to its maker unless told not to.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
