"""One module per kind of figure; each function draws one and writes it as PDF and PNG."""
