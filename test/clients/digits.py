"""The zoo's digits, and where the service listens."""

import os
from pathlib import Path

URL = os.environ["ELUCID_URL"]
SAMPLES = Path(__file__).parents[2] / "models" / "zoo" / "samples"


def image(digit):
    return (SAMPLES / f"{digit}.png").read_bytes()
