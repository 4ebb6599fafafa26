"""The study: config file -> typed study -> typed specs. No torch here: the Snakefile imports it."""
