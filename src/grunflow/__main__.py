"""The command `grunflow`, and python -m grunflow."""

import sys


def main() -> None:
    from grunflow.warm import run_elsewhere

    status = run_elsewhere()
    if status is not None:
        sys.exit(status)
    from grunflow import cli

    cli.main()


if __name__ == "__main__":
    main()
