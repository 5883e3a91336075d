"""The parts of `scripts/bench.py`: who is measured, against what, and what of it has to hold."""
