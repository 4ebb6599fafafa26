"""python -m grunflow"""

from grunflow.cli import main

main()
