"""What of a GPU's memory may be taken: by loading (models/offloaded.py), by asking (evaluation/streamed.py) and by the plan, which imports
no torch."""

MOST = (
    0.92  # of a model that is asked as a whole: what fits by the plan (costs/hardware.py, GPU_SHARE) is not taken apart
)
KEPT = 0.6  # of a larger one those blocks that stay
STATES = 0.1  # beside these states of texts that are scored by themselves: what goes through a waiting block while it is there
