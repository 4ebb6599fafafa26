"""What of a GPU's memory weights may take, and for how many texts those that wait outside are read: by loading (models/offloaded.py) and
by the plan, which imports no torch."""

MOST = (
    0.92  # of a model that is asked as a whole: what fits by the plan (costs/hardware.py, GPU_SHARE) is not taken apart
)
KEPT = 0.6  # of a larger one those blocks that stay
BATCHES = 32  # of texts that are scored alone: so many go through a block while it is there
