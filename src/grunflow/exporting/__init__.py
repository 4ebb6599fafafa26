"""A finished run as a folder that needs no grunflow: what `grunflow export-model` writes."""
