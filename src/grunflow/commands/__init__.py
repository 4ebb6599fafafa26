"""Commands of the command line that are no stage, a module each: add_arguments(parser) and run(arguments).

The modules are imported whenever the command line is read: heavy packages are imported in `run` only.
"""
