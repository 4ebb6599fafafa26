"""Pages of docs/ that follow from the code: `python -m grunflow.reference` writes them."""
