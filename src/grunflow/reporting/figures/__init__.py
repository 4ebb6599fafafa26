"""One module per kind of figure; listing.py says which there are. Each function draws one and writes it as PDF and PNG; every
model has panels of its own."""
