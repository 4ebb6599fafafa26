"""One module per table; listing.py says which there are."""
