"""Training of Ibis policies: see training/README.md for the commands."""
